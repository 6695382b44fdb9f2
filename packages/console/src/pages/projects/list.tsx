import { containsQuery } from '@berth/api/page.ts'
import { listProjects } from '@berth/api/projects.ts'
import { Button, Group, Select, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconFolders, IconPlus } from '@tabler/icons-react'
import { useApiPages } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { projectText as text } from '../../text/projects.ts'
import { DataTable } from '../../ui/data-table.tsx'
import { FilterField } from '../../ui/filter-field.tsx'
import { useFilters } from '../../ui/filters.ts'
import { Page } from '../../ui/page.tsx'
import { orderOf } from '../../ui/sorting.ts'
import { Empty, NothingFound } from '../../ui/states.tsx'
import { CreateProject } from './create-project.tsx'
import { projectColumns } from './project-columns.tsx'

const sorts = { name: 'ascending', createdAt: 'descending' } as const
const visibilities = ['private', 'internal', 'public'] as const

/** Every project that may be read, a page at a time. */
export default function ProjectList() {
  const [filters, setFilters] = useFilters()
  const [isCreating, { open, close }] = useDisclosure(false)
  const mayCreate = useMay('createProject')
  const { contains = '' } = filters
  const visibility = visibilities.find((each) => each === filters['visibility'])
  const sort = orderOf(filters, sorts, 'name')
  const isBad = contains !== '' && !containsQuery.safeParse(contains).success
  const list = useApiPages(
    listProjects,
    {
      query: {
        sort: sort.by,
        order: sort.order,
        ...(contains !== '' && { contains }),
        ...(visibility && { visibility }),
      },
    },
    { keepsPrevious: true, isEnabled: !isBad },
  )
  const isFiltered = contains !== '' || visibility !== undefined
  const create = mayCreate && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={open}>
      {text.create}
    </Button>
  )
  return (
    <Page title={text.title} lead={text.lead} actions={create}>
      <Group gap="sm">
        <FilterField
          label={text.filter}
          value={contains}
          onChange={(value) => setFilters({ contains: value })}
        />
        <Select
          aria-label={text.visibilityTitle}
          placeholder={text.anyVisibility}
          clearable
          data={visibilities.map((value) => ({ value, label: text.visibilityShort[value] }))}
          value={visibility ?? null}
          onChange={(value) => setFilters({ visibility: value ?? undefined })}
          w={180}
        />
      </Group>
      {isBad && (
        <Text size="sm" role="alert">
          {text.badFilter}
        </Text>
      )}
      <DataTable
        label={text.title}
        columns={projectColumns}
        rows={isBad ? [] : list.items}
        rowKey={({ name }) => name}
        isLoading={!isBad && list.isLoading}
        error={isBad ? null : list.error}
        onRetry={() => void list.refetch()}
        sort={sort}
        onSort={({ by, order }) => setFilters({ sort: by, order })}
        more={list.more}
        hasMore={!isBad && list.hasNextPage}
        empty={
          isFiltered ? (
            <NothingFound
              onClear={() => setFilters({ contains: undefined, visibility: undefined })}
            />
          ) : (
            <Empty title={text.empty} icon={IconFolders} action={create}>
              {mayCreate ? text.emptyLead : text.emptyForAll}
            </Empty>
          )
        }
      />
      <CreateProject isOpen={isCreating} onClose={close} />
    </Page>
  )
}
