import { containsQuery } from '@berth/api/page.ts'
import { listTags } from '@berth/api/tags.ts'
import { Button, Group, NativeSelect, Stack, Text } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useCallback, useMemo, useState } from 'react'
import { useApiPages } from '../../api/queries.ts'
import { repositoryText } from '../../text/repositories.ts'
import { DataTable } from '../../ui/data-table.tsx'
import { FilterField } from '../../ui/filter-field.tsx'
import { useFilters } from '../../ui/filters.ts'
import { ButtonLink, PageLink } from '../../ui/link.tsx'
import { orderOf } from '../../ui/sorting.ts'
import { Empty, NothingFound } from '../../ui/states.tsx'
import { DeleteTag } from './delete-tag.tsx'
import { PushLines } from './no-repositories.tsx'
import { HowToPull } from './how-to-pull.tsx'
import { useRepository } from './repository-context.ts'
import { type Tag, tagColumns } from './tag-columns.tsx'

const text = repositoryText.tag
const sorts = { version: 'descending', updatedAt: 'descending', name: 'ascending' } as const
const scanningMs = 4000
/** Beyond these, looking again for scans that go on would read the whole list each time. */
const watchedMax = 400

/** The tags of a repository, the newest version first, and how to pull them. */
export default function RepositoryTags() {
  const { repository, may } = useRepository()
  const [filters, setFilters] = useFilters()
  const { contains = '', pull } = filters
  const sort = orderOf(filters, sorts, 'version')
  const isBad = contains !== '' && !containsQuery.safeParse(contains).success
  const chosen = filters.select ?? ''
  const selected = useMemo(() => chosen.split(',').filter(Boolean).slice(0, 2), [chosen])
  const [doomed, setDoomed] = useState<Tag>()
  const [isWatched, setWatched] = useState(false)
  const list = useApiPages(
    listTags,
    {
      params: { repository: repository.name },
      query: {
        limit: 200,
        sort: sort.by,
        order: sort.order,
        ...(contains !== '' && { contains }),
      },
    },
    { keepsPrevious: true, isEnabled: !isBad, refreshMs: isWatched && scanningMs },
  )
  const isWorthWatching = list.items.length <= watchedMax && list.items.some(isScanning)
  if (isWorthWatching !== isWatched) setWatched(isWorthWatching)
  const mayDelete = may('deleteTag')
  const onSelect = useCallback(
    (tag: string) => {
      const others = selected.filter((each) => each !== tag)
      const after = selected.includes(tag) ? others : [...others.slice(-1), tag]
      setFilters({ select: after.join(',') })
    },
    [selected, setFilters],
  )
  const columns = useMemo(
    () =>
      tagColumns({
        repository: repository.name,
        selected,
        onSelect,
        onPull: (tag) => setFilters({ pull: tag }),
        ...(mayDelete && { onDelete: setDoomed }),
      }),
    [repository.name, selected, onSelect, setFilters, mayDelete],
  )
  const first = list.items[0]?.name
  return (
    <Stack gap="sm">
      <Group gap="sm" align="flex-end">
        <FilterField
          label={text.filter}
          value={contains}
          onChange={(value) => setFilters({ contains: value })}
        />
        <NativeSelect
          aria-label={text.sort}
          value={sort.by}
          onChange={({ currentTarget }) =>
            setFilters({ sort: currentTarget.value, order: undefined })
          }
          data={Object.entries(text.sorts).map(([value, label]) => ({ value, label }))}
        />
        <Compare
          repository={repository.name}
          selected={selected}
          onClear={() => setFilters({ select: undefined })}
        />
        {first !== undefined && (
          <Button
            ml="auto"
            leftSection={<IconDownload size={16} aria-hidden />}
            onClick={() => setFilters({ pull: first })}
          >
            {text.pull}
          </Button>
        )}
      </Group>
      {isBad && (
        <Text size="sm" role="alert">
          {repositoryText.badFilter}
        </Text>
      )}
      <DataTable
        label={repositoryText.tags}
        columns={columns}
        rows={isBad ? [] : list.items}
        rowKey={({ name }) => name}
        isLoading={!isBad && list.isLoading}
        error={isBad ? null : list.error}
        onRetry={() => void list.refetch()}
        empty={
          contains === '' ? (
            <NoTags />
          ) : (
            <NothingFound onClear={() => setFilters({ contains: undefined })} />
          )
        }
        sort={sort}
        onSort={({ by, order }) => setFilters({ sort: by, order })}
        more={list.more}
        hasMore={!isBad && list.hasNextPage}
      />
      <HowToPull
        tag={pull}
        onTag={(tag) => setFilters({ pull: tag })}
        onClose={() => setFilters({ pull: undefined })}
      />
      <DeleteTag
        tag={doomed}
        onClose={() => setDoomed(undefined)}
        onDeleted={(tag) => {
          if (selected.includes(tag)) onSelect(tag)
        }}
      />
    </Stack>
  )
}

function isScanning({ scan }: Tag): boolean {
  return scan?.state === 'waiting' || scan?.state === 'running'
}

/** Leads to what is different between two tags that were selected. */
function Compare({
  repository,
  selected,
  onClear,
}: {
  repository: string
  selected: readonly string[]
  onClear: () => void
}) {
  const [from, to] = selected
  if (from === undefined) return null
  return (
    <Group gap="xs" role="status">
      {to === undefined ? (
        <Text size="sm">{text.selectAnother}</Text>
      ) : (
        <ButtonLink
          to="/repositories/$repository/compare"
          params={{ repository }}
          search={{ from, to } as never}
          variant="light"
        >
          {text.compare}
        </ButtonLink>
      )}
      <Text size="sm" className="berth-quiet">
        {text.selected(selected.join(', '))}
      </Text>
      <Button variant="subtle" size="compact-sm" onClick={onClear}>
        {text.clearSelection}
      </Button>
    </Group>
  )
}

function NoTags() {
  const { repository, may } = useRepository()
  return (
    <Empty
      title={text.emptyTitle}
      action={may('push') && <PushLines repository={repository.name} tag="1.0.0" />}
    >
      {repository.manifests.count === 0 ? (
        text.emptyLead
      ) : (
        <PageLink to="/repositories/$repository/manifests" params={{ repository: repository.name }}>
          {text.untagged}
        </PageLink>
      )}
    </Empty>
  )
}
