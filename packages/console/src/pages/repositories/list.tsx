import { containsQuery } from '@berth/api/page.ts'
import { listRepositories } from '@berth/api/repositories.ts'
import { Group, Text } from '@mantine/core'
import { useApiPages } from '../../api/queries.ts'
import { repositoryColumns, repositorySorts as sorts } from '../../resources/repository-columns.tsx'
import { repositoryText as text } from '../../text/repositories.ts'
import { DataTable } from '../../ui/data-table.tsx'
import { FilterField } from '../../ui/filter-field.tsx'
import { useFilters } from '../../ui/filters.ts'
import { Page } from '../../ui/page.tsx'
import { orderOf } from '../../ui/sorting.ts'
import { NothingFound } from '../../ui/states.tsx'
import { NoRepositories } from './no-repositories.tsx'
import { ProjectFilter } from './project-filter.tsx'

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
        columns={repositoryColumns}
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
