import type { ClientAnswer } from '@berth/api/client.ts'
import { readOwnMemberships } from '@berth/api/memberships.ts'
import { SimpleGrid, Stack, Text } from '@mantine/core'
import { useApi } from '../../api/queries.ts'
import { accountText as text } from '../../text/profile.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Section } from '../../ui/page.tsx'
import { sourceName } from './source-name.ts'

type Memberships = ClientAnswer<typeof readOwnMemberships>['body']
type OwnGroup = Memberships['groups'][number]
type OwnRole = Memberships['projects'][number]
const height = '24rem'

/** The groups of whoever looks, and their roles in projects. */
export function Memberships() {
  const read = useApi(readOwnMemberships, {})
  const { data } = read
  const state = {
    isLoading: read.isLoading,
    error: read.error,
    onRetry: () => void read.refetch(),
    height,
  }
  return (
    <Section title={text.memberships} lead={text.membershipsLead}>
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
        <DataTable
          label={text.roles}
          columns={roleColumns}
          rows={data?.body.projects ?? []}
          rowKey={({ project, group }) => `${project} ${group ?? ''}`}
          empty={<None>{text.noRoles}</None>}
          {...state}
        />
        <DataTable
          label={text.groups}
          columns={groupColumns}
          rows={data?.body.groups ?? []}
          rowKey={({ name }) => name}
          empty={<None>{text.noGroups}</None>}
          {...state}
        />
      </SimpleGrid>
      {data?.body.isTruncated && <Text size="sm">{text.more}</Text>}
    </Section>
  )
}

function None({ children }: { children: string }) {
  return (
    <Stack className="berth-panel" p="md">
      <Text size="sm" className="berth-quiet">
        {children}
      </Text>
    </Stack>
  )
}

const roleColumns: readonly Column<OwnRole>[] = [
  {
    id: 'project',
    title: text.project,
    cell: ({ project }) =>
      project === '' ? (
        text.wholeInstance
      ) : (
        <PageLink to="/projects/$project" params={{ project }}>
          <bdi>{project}</bdi>
        </PageLink>
      ),
  },
  { id: 'role', title: text.projectRole, cell: ({ role }) => role },
  {
    id: 'through',
    title: text.through,
    cell: ({ group }) => (group === null ? text.you : text.throughGroup(group)),
  },
]

const groupColumns: readonly Column<OwnGroup>[] = [
  { id: 'group', title: text.groupName, cell: ({ name }) => <bdi>{name}</bdi> },
  { id: 'role', title: text.groupRole, cell: ({ role }) => role },
  { id: 'source', title: text.groupSource, cell: ({ source }) => sourceName(source) },
]
