import type { ClientAnswer } from '@berth/api/client.ts'
import { readFindingsOverview } from '@berth/api/findings.ts'
import { Alert, Box, Group, SimpleGrid, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useApi } from '../../api/queries.ts'
import { projectText } from '../../text/projects.ts'
import { severityText } from '../../text/severity.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { ButtonLink, PageLink } from '../../ui/link.tsx'
import { Section } from '../../ui/page.tsx'
import { severities, SeverityBadge, SeverityCounts } from '../../ui/severity.tsx'
import { Empty, Show } from '../../ui/states.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatCount } from '../../ui/units.ts'
import { useProject } from './project-context.ts'

const text = projectText.security
type Overview = ClientAnswer<typeof readFindingsOverview>['body']
type Image = Overview['worst'][number]

/** How the project stands; each number leads to what it counts. */
export default function ProjectSecurity() {
  const { project } = useProject()
  const search = { project: project.name }
  const read = useApi(
    readFindingsOverview,
    { params: { project: project.name } },
    { refreshMs: 60_000 },
  )
  const links = (
    <Group gap="xs">
      <ButtonLink to="/security" search={search} variant="default">
        {text.overview}
      </ButtonLink>
      <ButtonLink to="/security/findings" search={search} variant="default">
        {text.findings}
      </ButtonLink>
    </Group>
  )
  return (
    <Section title={text.title} lead={text.lead} actions={links}>
      <Show of={read}>
        {({ body }) => (
          <Stack gap="lg">
            {body.isTruncated && <Alert color="yellow">{text.truncated}</Alert>}
            <Counts overview={body} search={search} />
            <Section title={text.worst}>
              <DataTable
                label={text.worst}
                columns={columns}
                rows={body.worst}
                rowKey={({ repository, digest }) => `${repository}@${digest}`}
                height="none"
                empty={<Empty title={text.noWorst} />}
              />
            </Section>
          </Stack>
        )}
      </Show>
    </Section>
  )
}

function Counts({ overview, search }: { overview: Overview; search: { project: string } }) {
  const { counts, due, images, scanned, waiting, failed, endOfLife, dataBuiltAt } = overview
  return (
    <SimpleGrid cols={{ base: 2, xs: 3, lg: 7 }} spacing="sm">
      {severities.map((severity) => (
        <Tile key={severity} label={<SeverityBadge severity={severity} />}>
          <PageLink
            to="/security/findings"
            search={{ ...search, severity }}
            aria-label={`${severityText[severity]}: ${formatCount(counts[severity])}`}
            inherit
          >
            {formatCount(counts[severity])}
          </PageLink>
        </Tile>
      ))}
      {(['overdue', 'soon'] as const).map((each) => (
        <Tile key={each} label={text[each]}>
          <PageLink
            to="/security/findings"
            search={{ ...search, due: each }}
            aria-label={`${text[each]}: ${formatCount(due[each])}`}
            inherit
          >
            {formatCount(due[each])}
          </PageLink>
        </Tile>
      ))}
      <Tile label={text.scanned}>
        {projectText.ofQuota(formatCount(scanned), formatCount(images))}
      </Tile>
      <Tile label={text.waiting}>{formatCount(waiting)}</Tile>
      <Tile label={text.failed}>{formatCount(failed)}</Tile>
      <Tile label={text.endOfLife}>{formatCount(endOfLife)}</Tile>
      <Tile label={text.data}>
        <Ago at={dataBuiltAt} never={text.noData} />
      </Tile>
    </SimpleGrid>
  )
}

function Tile({ label, children }: { label: ReactNode; children: ReactNode }) {
  return (
    <Box className="berth-panel" p="sm">
      <Text component="div" size="sm" className="berth-quiet">
        {label}
      </Text>
      <Text component="div" size="lg" fw={600} mt={4} style={{ overflowWrap: 'anywhere' }}>
        {children}
      </Text>
    </Box>
  )
}

const columns: readonly Column<Image>[] = [
  {
    id: 'image',
    title: text.image,
    width: '50%',
    cell: ({ repository, digest, tags }) => (
      <PageLink
        to="/repositories/$repository/images/$reference/findings"
        params={{ repository, reference: digest }}
      >
        <ForeignText text={`${repository}:${tags[0] ?? digest.slice(7, 19)}`} />
      </PageLink>
    ),
  },
  {
    id: 'platform',
    title: text.platform,
    cell: ({ platform }) => platform !== null && <ForeignText text={platform} max={60} />,
  },
  {
    id: 'open',
    title: text.open,
    cell: ({ counts }) => <SeverityCounts counts={counts} />,
  },
]
