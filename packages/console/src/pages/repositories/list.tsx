import { containsQuery } from '@berth/api/page.ts'
import { listRepositories } from '@berth/api/repositories.ts'
import { Group, Text } from '@mantine/core'
import { useMemo } from 'react'
import { type ItemOf, useApiPages } from '../../api/queries.ts'
import { repositoryText as text } from '../../text/repositories.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { FilterField } from '../../ui/filter-field.tsx'
import { useFilters } from '../../ui/filters.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Page } from '../../ui/page.tsx'
import { NothingFound } from '../../ui/states.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatBytes, formatCapped } from '../../ui/units.ts'
import { NoRepositories } from './no-repositories.tsx'
import { ProjectFilter } from './project-filter.tsx'
import { orderOf } from './sorting.ts'

type Row = ItemOf<typeof listRepositories>

const sorts = { name: 'ascending', pushedAt: 'descending', size: 'descending' } as const

/** Every repository that may be pulled from, a page at a time. */
export default function RepositoryList() {
  const [filters, setFilters] = useFilters()
  const { contains = '', project = '' } = filters
  const sort = orderOf(filters, sorts, 'name')
  const isBad = contains !== '' && !containsQuery.safeParse(contains).success
  const list = useApiPages(
    listRepositories,
    {
      query: {
        limit: 200,
        sort: sort.by,
        order: sort.order,
        ...(contains !== '' && { contains }),
        ...(project !== '' && { project }),
      },
    },
    { keepsPrevious: true, isEnabled: !isBad },
  )
  const columns = useMemo(() => columnsOf(), [])
  const clear = () => setFilters({ contains: undefined, project: undefined })
  const isFiltered = contains !== '' || project !== ''
  return (
    <Page title={text.title} lead={text.listLead}>
      <Group gap="sm" align="flex-end">
        <FilterField
          label={text.filter}
          value={contains}
          onChange={(value) => setFilters({ contains: value })}
        />
        <ProjectFilter value={project} onChange={(value) => setFilters({ project: value })} />
      </Group>
      {isBad && (
        <Text size="sm" role="alert">
          {text.badFilter}
        </Text>
      )}
      <DataTable
        label={text.title}
        columns={columns}
        rows={isBad ? [] : list.items}
        rowKey={({ name }) => name}
        isLoading={!isBad && list.isLoading}
        error={isBad ? null : list.error}
        onRetry={() => void list.refetch()}
        empty={isFiltered ? <NothingFound onClear={clear} /> : <NoRepositories />}
        sort={sort}
        onSort={({ by, order }) => setFilters({ sort: by, order })}
        more={list.more}
        hasMore={!isBad && list.hasNextPage}
      />
    </Page>
  )
}

function columnsOf(): Column<Row>[] {
  return [
    {
      id: 'name',
      title: text.name,
      sort: 'name',
      cell: ({ name }) => (
        <PageLink to="/repositories/$repository" params={{ repository: name }}>
          <bdi>{name}</bdi>
        </PageLink>
      ),
    },
    {
      id: 'description',
      title: text.description,
      width: '34%',
      cell: ({ description }) =>
        description === '' ? null : <ForeignText text={description} max={120} />,
    },
    { id: 'tags', title: text.tags, align: 'end', cell: ({ tags }) => formatCapped(tags) },
    {
      id: 'size',
      title: text.size,
      align: 'end',
      sort: 'size',
      first: 'descending',
      cell: ({ size }) => formatBytes(size),
    },
    {
      id: 'pushed',
      title: text.pushed,
      sort: 'pushedAt',
      first: 'descending',
      cell: ({ pushedAt }) => <Ago at={pushedAt} never={text.never} />,
    },
    {
      id: 'pulled',
      title: text.pulled,
      cell: ({ lastPulledAt }) => <Ago at={lastPulledAt} never={text.never} />,
    },
  ]
}
