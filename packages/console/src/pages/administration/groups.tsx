import { listGroups } from '@berth/api/groups.ts'
import { Button } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { isRefusal } from '../../api/client.ts'
import { type ItemOf, useApiPages } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { peopleText } from '../../text/people.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { FilterField } from '../../ui/filter-field.tsx'
import { useFilters } from '../../ui/filters.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Page } from '../../ui/page.tsx'
import { Empty, NothingFound } from '../../ui/states.tsx'
import { Ago } from '../../ui/time.tsx'
import { CreateGroup } from './create-group.tsx'

const text = peopleText.groups
type Group = ItemOf<typeof listGroups>

const columns: readonly Column<Group>[] = [
  {
    id: 'name',
    title: peopleText.name,
    cell: ({ name }) => (
      <PageLink to="/administration/groups/$group" params={{ group: name }}>
        {name}
      </PageLink>
    ),
  },
  { id: 'role', title: peopleText.role, cell: ({ role }) => peopleText.roles[role] },
  { id: 'source', title: peopleText.source, cell: ({ source }) => peopleText.sources(source) },
  {
    id: 'externalName',
    title: text.externalName,
    cell: ({ externalName }) => externalName !== null && <ForeignText text={externalName} />,
  },
  { id: 'created', title: peopleText.created, cell: ({ createdAt }) => <Ago at={createdAt} /> },
]

export default function Groups() {
  const [filters, setFilters] = useFilters()
  const [isCreating, { open, close }] = useDisclosure(false)
  const mayManage = useMay('manageUsers')
  const { prefix } = filters
  const groups = useApiPages(
    listGroups,
    { query: { ...(prefix !== undefined && /^[a-z0-9._-]+$/.test(prefix) && { prefix }) } },
    { keepsPrevious: true },
  )
  return (
    <Page
      title={text.title}
      lead={text.lead}
      actions={mayManage && <Button onClick={open}>{text.create}</Button>}
    >
      {!isRefusal(groups.error) && (
        <FilterField
          label={text.filter}
          value={prefix ?? ''}
          onChange={(value) => setFilters({ prefix: value.toLowerCase() })}
        />
      )}
      <DataTable
        label={text.title}
        columns={columns}
        rows={groups.items}
        rowKey={({ name }) => name}
        isLoading={groups.isLoading}
        error={groups.error}
        onRetry={() => void groups.refetch()}
        more={groups.more}
        hasMore={groups.hasNextPage}
        empty={
          prefix === undefined ? (
            <Empty>{text.empty}</Empty>
          ) : (
            <NothingFound onClear={() => setFilters({ prefix: undefined })} />
          )
        }
      />
      <CreateGroup isOpen={isCreating} onClose={close} />
    </Page>
  )
}
