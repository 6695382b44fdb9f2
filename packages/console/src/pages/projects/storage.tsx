import type { ClientAnswer } from '@berth/api/client.ts'
import { readProjectUsage } from '@berth/api/quotas.ts'
import { listRepositories } from '@berth/api/repositories.ts'
import { Box, Group, Stack, Text } from '@mantine/core'
import { useApi, useApiPages } from '../../api/queries.ts'
import { projectText } from '../../text/projects.ts'
import { repositoryColumns } from '../../resources/repository-columns.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { KeyValues } from '../../ui/key-values.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Meter } from '../../ui/meter.tsx'
import { Section } from '../../ui/page.tsx'
import { Empty, Show } from '../../ui/states.tsx'
import { formatBytes, formatCount } from '../../ui/units.ts'
import { useProject } from './project-context.ts'
import { QuotaBar } from './quota-bar.tsx'
import { QuotaForm } from './quota-form.tsx'

const text = projectText.storage
type Usage = ClientAnswer<typeof readProjectUsage>['body']
type Limit = Usage['limits'][number]

/** What the project holds, what it may hold, and what is largest in it. */
export default function ProjectStorage() {
  const { project, may } = useProject()
  const usage = useApi(readProjectUsage, { params: { project: project.name } })
  return (
    <Show of={usage}>
      {({ body }) => (
        <Stack gap="xl">
          <Held usage={body} />
          <Section title={text.quotas} lead={text.quotasLead}>
            {body.limits.length === 0 ? (
              <Text size="sm">{text.noQuotas}</Text>
            ) : (
              <DataTable
                label={text.quotas}
                columns={limitColumns(project.name, body)}
                rows={body.limits}
                rowKey={(limit) => limit.project}
                height="none"
                empty={null}
              />
            )}
          </Section>
          {may('manageQuota') && <QuotaForm project={project} usage={body} />}
          <Largest project={project.name} />
        </Stack>
      )}
    </Show>
  )
}

function Held({ usage: { bytes, repositories, stored } }: { usage: Usage }) {
  const all = stored ? stored.uniqueBytes + stored.sharedBytes : 0
  const shareOf = (part: number) => (all === 0 ? 0 : part / all)
  return (
    <Section title={text.title} lead={text.lead}>
      <Box className="berth-panel" p="md">
        <Stack>
          <KeyValues
            items={[
              [text.logical, `${formatBytes(bytes)}. ${text.logicalHint}`],
              [projectText.repositories, formatCount(repositories)],
              [text.unique, stored && `${formatBytes(stored.uniqueBytes)}. ${text.uniqueHint}`],
              [text.shared, stored && `${formatBytes(stored.sharedBytes)}. ${text.sharedHint}`],
            ]}
          />
          {stored ? (
            <Box maw={640}>
              <div role="group" aria-label={text.picture}>
                <Meter
                  parts={[
                    { label: text.unique, share: shareOf(stored.uniqueBytes) },
                    { label: text.shared, share: shareOf(stored.sharedBytes), tone: 'light' },
                  ]}
                  isLarge
                />
              </div>
              <Group justify="space-between" mt={4}>
                <Text size="xs">{`${text.unique}: ${formatBytes(stored.uniqueBytes)}`}</Text>
                <Text size="xs">{`${text.shared}: ${formatBytes(stored.sharedBytes)}`}</Text>
              </Group>
              {!stored.complete && <Text size="sm">{text.incomplete}</Text>}
            </Box>
          ) : (
            <Text size="sm" className="berth-quiet">
              {text.hidden}
            </Text>
          )}
        </Stack>
      </Box>
    </Section>
  )
}

/** How much of a limit above is used is known there alone: others hold a part of it. */
function limitColumns(project: string, { bytes, repositories }: Usage): readonly Column<Limit>[] {
  return [
    {
      id: 'stands',
      title: text.stands,
      cell: (limit) =>
        limit.project === '' ? (
          text.instance
        ) : (
          <PageLink to="/projects/$project/storage" params={{ project: limit.project }}>
            <bdi>{limit.project}</bdi>
          </PageLink>
        ),
    },
    {
      id: 'bytes',
      title: text.bytes,
      width: 240,
      cell: (limit) =>
        limit.bytes === null ? (
          text.noLimit
        ) : limit.project === project ? (
          <QuotaBar unit="bytes" used={bytes} quota={limit.bytes} />
        ) : (
          formatBytes(limit.bytes)
        ),
    },
    {
      id: 'repositories',
      title: projectText.repositories,
      cell: (limit) =>
        limit.repositories === null ? (
          text.noLimit
        ) : limit.project === project ? (
          <QuotaBar unit="repositories" used={repositories} quota={limit.repositories} />
        ) : (
          formatCount(limit.repositories)
        ),
    },
  ]
}

function Largest({ project }: { project: string }) {
  const list = useApiPages(listRepositories, { query: { project, sort: 'size' } })
  return (
    <Section title={text.largest}>
      <DataTable
        label={text.largest}
        columns={repositoryColumns}
        rows={list.items}
        rowKey={({ name }) => name}
        isLoading={list.isLoading}
        error={list.error}
        onRetry={() => void list.refetch()}
        more={list.more}
        hasMore={list.hasNextPage}
        height="32rem"
        empty={<Empty title={text.noRepositories} />}
      />
    </Section>
  )
}
