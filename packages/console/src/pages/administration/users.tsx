import { listUsers } from '@berth/api/users.ts'
import { Button, Group, Select } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { isRefusal } from '../../api/client.ts'
import { type ItemOf, useApiPages } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { peopleText } from '../../text/people.ts'
import { Badge } from '../../ui/badge.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { FilterField } from '../../ui/filter-field.tsx'
import { useFilters } from '../../ui/filters.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Page } from '../../ui/page.tsx'
import { Empty, NothingFound } from '../../ui/states.tsx'
import { Ago } from '../../ui/time.tsx'
import { CreateUser } from './create-user.tsx'
import { type InstanceRole, instanceRoles } from './role-field.tsx'

const text = peopleText.users
type User = ItemOf<typeof listUsers>

const columns: readonly Column<User>[] = [
  {
    id: 'name',
    title: peopleText.name,
    sort: 'name',
    cell: ({ name }) => (
      <PageLink to="/administration/users/$user" params={{ user: name }}>
        {name}
      </PageLink>
    ),
  },
  {
    id: 'displayName',
    title: peopleText.displayName,
    cell: ({ displayName }) => displayName !== null && <ForeignText text={displayName} />,
  },
  {
    id: 'email',
    title: peopleText.email,
    cell: ({ email }) => email !== null && <ForeignText text={email} />,
  },
  { id: 'role', title: peopleText.role, cell: ({ role }) => peopleText.roles[role] },
  { id: 'source', title: peopleText.source, cell: ({ source }) => peopleText.sources(source) },
  {
    id: 'state',
    title: peopleText.state,
    cell: ({ disabledAt }) =>
      disabledAt === null ? peopleText.active : <Badge color="gray">{peopleText.disabled}</Badge>,
  },
  {
    id: 'createdAt',
    title: peopleText.created,
    sort: 'createdAt',
    cell: ({ createdAt }) => <Ago at={createdAt} />,
  },
]

export default function Users() {
  const [filters, setFilters] = useFilters()
  const [isCreating, { open, close }] = useDisclosure(false)
  const mayManage = useMay('manageUsers')
  const { prefix, role, disabled } = filters
  const sort = filters.sort === 'createdAt' ? 'createdAt' : 'name'
  const users = useApiPages(
    listUsers,
    {
      query: {
        sort,
        ...(prefix !== undefined && /^[a-z0-9._-]+$/.test(prefix) && { prefix }),
        ...(isRole(role) && { role }),
        ...((disabled === 'true' || disabled === 'false') && { disabled }),
      },
    },
    { keepsPrevious: true },
  )
  const isFiltered = prefix !== undefined || role !== undefined || disabled !== undefined
  const clear = () => setFilters({ prefix: undefined, role: undefined, disabled: undefined })
  return (
    <Page
      title={text.title}
      lead={text.lead}
      actions={mayManage && <Button onClick={open}>{text.create}</Button>}
    >
      {!isRefusal(users.error) && (
        <Group gap="sm">
          <FilterField
            label={text.filter}
            value={prefix ?? ''}
            onChange={(value) => setFilters({ prefix: value.toLowerCase() })}
          />
          <Select
            aria-label={peopleText.role}
            placeholder={peopleText.role}
            clearable
            data={instanceRoles.map((value) => ({ value, label: peopleText.roles[value] }))}
            value={role ?? null}
            onChange={(value) => setFilters({ role: value ?? undefined })}
            w={220}
          />
          <Select
            aria-label={peopleText.state}
            placeholder={peopleText.state}
            clearable
            data={[
              { value: 'false', label: peopleText.active },
              { value: 'true', label: peopleText.disabled },
            ]}
            value={disabled ?? null}
            onChange={(value) => setFilters({ disabled: value ?? undefined })}
            w={140}
          />
        </Group>
      )}
      <DataTable
        label={text.title}
        columns={columns}
        rows={users.items}
        rowKey={({ id }) => id}
        isLoading={users.isLoading}
        error={users.error}
        onRetry={() => void users.refetch()}
        sort={{ by: sort, order: 'ascending' }}
        onSort={({ by }) => setFilters({ sort: by === 'name' ? undefined : by })}
        more={users.more}
        hasMore={users.hasNextPage}
        empty={isFiltered ? <NothingFound onClear={clear} /> : <Empty>{text.empty}</Empty>}
      />
      <CreateUser isOpen={isCreating} onClose={close} />
    </Page>
  )
}

function isRole(value: string | undefined): value is InstanceRole {
  return instanceRoles.some((role) => role === value)
}
