import { listFindings } from '@berth/api/findings.ts'
import { Drawer, Group, Stack, Text, Title } from '@mantine/core'
import { useApi } from '../../api/queries.ts'
import { imageSecurityText } from '../../text/image-security.ts'
import { useFilters } from '../../ui/filters.ts'
import { ForeignText, visible } from '../../ui/foreign-text.tsx'
import { PageLink } from '../../ui/link.tsx'
import { SeverityBadge } from '../../ui/severity.tsx'
import { Empty, Show } from '../../ui/states.tsx'
import { FindingDetails } from './finding-details.tsx'
import { FindingJudgement } from './finding-judgement.tsx'
import { type Finding, findingKey, vulnerabilityOf } from './finding-key.ts'
import { exploitation } from './finding-table.tsx'
import { useImage } from './image-context.ts'

const text = imageSecurityText.finding

/** The finding that the address names, beside the table. */
export function FindingDrawer() {
  const [{ finding: key }, setFilters] = useFilters()
  return (
    <Drawer
      opened={key !== undefined}
      onClose={() => setFilters({ finding: undefined })}
      position="right"
      size="xl"
      title={<bdi>{visible(vulnerabilityOf(key ?? ''))}</bdi>}
    >
      {key !== undefined && <OpenFinding findingKey={key} />}
    </Drawer>
  )
}

function OpenFinding({ findingKey: key }: { findingKey: string }) {
  const { repository, image } = useImage()
  const findings = useApi(listFindings, {
    params: { repository: repository.name, reference: image.digest },
    query: { vulnerability: vulnerabilityOf(key).slice(0, 100) || '-', limit: 200 },
  })
  return (
    <Show of={findings}>
      {({ body }) => {
        const finding = body.items.find((each) => findingKey(each) === key)
        return finding ? <Details finding={finding} /> : <Empty>{text.gone}</Empty>
      }}
    </Show>
  )
}

function Details({ finding }: { finding: Finding }) {
  const { title, description, severity, score, vulnerability } = finding
  return (
    <Stack gap="lg">
      <Stack gap="xs">
        <Group gap="sm">
          <SeverityBadge severity={severity} />
          {score > 0 && <Text fw={600}>{score.toFixed(1)}</Text>}
          {exploitation(finding)}
        </Group>
        {title !== null && (
          <Title order={3} size="h4">
            <ForeignText text={title} max={300} />
          </Title>
        )}
        <PageLink to="/security/vulnerabilities/$vulnerability" params={{ vulnerability }} isSmall>
          {text.everywhere}
        </PageLink>
      </Stack>
      <FindingJudgement finding={finding} />
      <FindingDetails finding={finding} />
      <Stack gap={4}>
        <Title order={3} size="h5">
          {text.description}
        </Title>
        <Text
          size="sm"
          component="div"
          style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}
        >
          {description === null ? (
            text.noDescription
          ) : (
            <ForeignText text={description} max={2000} />
          )}
        </Text>
      </Stack>
    </Stack>
  )
}
