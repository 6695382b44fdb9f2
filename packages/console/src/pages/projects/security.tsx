import type { ClientAnswer } from '@berth/api/client.ts'
import { readFindingsOverview } from '@berth/api/findings.ts'
import { Alert, Group, Stack } from '@mantine/core'
import { useApi } from '../../api/queries.ts'
import { AttentionTiles, SeverityTiles } from '../../resources/findings-tiles.tsx'
import { projectText } from '../../text/projects.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { ButtonLink, PageLink } from '../../ui/link.tsx'
import { Section } from '../../ui/page.tsx'
import { SeverityCounts } from '../../ui/severity.tsx'
import { Empty, Show } from '../../ui/states.tsx'
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
            <SeverityTiles search={search} counts={body.counts} />
            <AttentionTiles search={search} overview={body} />
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
