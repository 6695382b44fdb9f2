import { listProjectUsage, readInstanceUsage } from '@berth/api/quotas.ts'
import { readSystem } from '@berth/api/system.ts'
import { Box, SimpleGrid, Text } from '@mantine/core'
import { type ItemOf, useApi, useApiPages } from '../../api/queries.ts'
import { systemText } from '../../text/system.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { useFilters } from '../../ui/filters.ts'
import { KeyValues } from '../../ui/key-values.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Meter, toneOf } from '../../ui/meter.tsx'
import { Page, Section } from '../../ui/page.tsx'
import { Empty, Show } from '../../ui/states.tsx'
import { formatBytes, formatCount, formatShare } from '../../ui/units.ts'

const text = systemText.storage
type Usage = ItemOf<typeof listProjectUsage>

export default function Storage() {
  return (
    <Page title={text.title} lead={text.lead}>
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
        <Disk />
        <Instance />
      </SimpleGrid>
      <ByProject />
    </Page>
  )
}

function Disk() {
  const system = useApi(readSystem, {})
  return (
    <Section title={text.disk}>
      <Show of={system}>
        {({ body: { storage } }) => {
          const { freeBytes, totalBytes } = storage
          if (freeBytes === null || totalBytes === null) return <Text>{text.noLimit}</Text>
          const used = (totalBytes - freeBytes) / totalBytes
          return (
            <Box className="berth-panel" p="md">
              <Meter parts={[{ label: text.disk, share: used, ...toneOf(used) }]} isLarge />
              <Text size="sm" mt={4}>
                {text.free(formatBytes(freeBytes), formatBytes(totalBytes), formatShare(used))}
              </Text>
            </Box>
          )
        }}
      </Show>
    </Section>
  )
}

function Instance() {
  const usage = useApi(readInstanceUsage, {})
  return (
    <Section title={text.holds}>
      <Show of={usage}>
        {({ body: { bytes, repositories, stored } }) => (
          <Box className="berth-panel" p="md">
            {stored && <Saved counted={bytes} inStore={stored.uniqueBytes + stored.sharedBytes} />}
            <KeyValues
              items={[
                [text.counted, formatBytes(bytes)],
                [text.inStore, stored && formatBytes(stored.uniqueBytes + stored.sharedBytes)],
                [text.repositories, formatCount(repositories)],
              ]}
            />
            {stored?.complete === false && <Text size="sm">{text.inPart}</Text>}
          </Box>
        )}
      </Show>
    </Section>
  )
}

/** What layers that several repositories hold save, as they lie in the store once. */
function Saved({ counted, inStore }: { counted: number; inStore: number }) {
  const saved = Math.max(counted - inStore, 0)
  if (counted === 0) return null
  return (
    <Box mb="sm">
      <Meter
        parts={[
          { label: text.inStore, share: 1 - saved / counted },
          { label: text.saved, share: saved / counted, tone: 'light' },
        ]}
        isLarge
      />
      <Text size="sm" mt={4}>
        {text.savedOf(formatBytes(saved), formatShare(saved / counted))}
      </Text>
    </Box>
  )
}

const columns: readonly Column<Usage>[] = [
  {
    id: 'project',
    title: text.project,
    sort: 'name',
    cell: ({ project }) => (
      <PageLink to="/projects/$project/storage" params={{ project }}>
        {project}
      </PageLink>
    ),
  },
  {
    id: 'size',
    title: text.size,
    sort: 'size',
    first: 'descending',
    align: 'end',
    cell: ({ bytes }) => formatBytes(bytes),
  },
  {
    id: 'stored',
    title: text.uniqueBytes,
    width: 180,
    cell: (usage) => <Stored usage={usage} />,
  },
  {
    id: 'shared',
    title: text.sharedBytes,
    align: 'end',
    cell: ({ stored }) => stored && formatBytes(stored.sharedBytes),
  },
  {
    id: 'repositories',
    title: text.repositories,
    align: 'end',
    cell: ({ repositories }) => formatCount(repositories),
  },
  { id: 'quota', title: text.quota, width: 180, cell: (usage) => <Quota usage={usage} /> },
]

function Stored({ usage: { stored } }: { usage: Usage }) {
  if (stored === null) return <span className="berth-quiet">{text.unknown}</span>
  const { uniqueBytes, sharedBytes } = stored
  const all = uniqueBytes + sharedBytes
  const shareOf = (part: number) => (all === 0 ? 0 : part / all)
  return (
    <>
      {formatBytes(uniqueBytes)}
      <Meter
        parts={[
          { label: text.unique, share: shareOf(uniqueBytes) },
          { label: text.shared, share: shareOf(sharedBytes), tone: 'light' },
        ]}
      />
    </>
  )
}

function Quota({ usage: { bytes, quota, share } }: { usage: Usage }) {
  if (quota.bytes === null || share === null) {
    return <span className="berth-quiet">{text.noQuota}</span>
  }
  return (
    <>
      {formatShare(share)}, {text.of(formatBytes(bytes), formatBytes(quota.bytes))}
      <Meter parts={[{ label: text.quota, share, ...toneOf(share) }]} />
    </>
  )
}

function ByProject() {
  const [filters, setFilters] = useFilters()
  const sort = filters.sort === 'name' ? 'name' : 'size'
  const usage = useApiPages(listProjectUsage, { query: { sort } }, { keepsPrevious: true })
  return (
    <Section title={text.byProject} lead={text.legend}>
      <DataTable
        label={text.byProject}
        columns={columns}
        rows={usage.items}
        rowKey={({ project }) => project}
        isLoading={usage.isLoading}
        error={usage.error}
        onRetry={() => void usage.refetch()}
        sort={{ by: sort, order: sort === 'name' ? 'ascending' : 'descending' }}
        onSort={({ by }) => setFilters({ sort: by === 'size' ? undefined : by })}
        more={usage.more}
        hasMore={usage.hasNextPage}
        empty={<Empty>{text.empty}</Empty>}
      />
    </Section>
  )
}
