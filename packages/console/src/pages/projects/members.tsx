import { listMembers } from '@berth/api/members.ts'
import { Group, Select, Stack } from '@mantine/core'
import { useApiPages } from '../../api/queries.ts'
import { projectText } from '../../text/projects.ts'
import { DataTable } from '../../ui/data-table.tsx'
import { FilterField } from '../../ui/filter-field.tsx'
import { useFilters } from '../../ui/filters.ts'
import { Section } from '../../ui/page.tsx'
import { Empty, NothingFound } from '../../ui/states.tsx'
import { AddMember } from './add-member.tsx'
import { ExplainAccess } from './explain-access.tsx'
import { memberColumns } from './member-columns.tsx'
import { useProject } from './project-context.ts'
import { RoleTable } from './role-table.tsx'
import { useMemberChanges } from './use-member-changes.tsx'

const text = projectText.members

/** Who has which role in the project, with what comes from above. */
export default function ProjectMembers() {
  return (
    <Stack gap="xl">
      <Members />
      <ExplainAccess />
      <RoleTable />
    </Stack>
  )
}

function Members() {
  const { project, may } = useProject()
  const [filters, setFilters] = useFilters()
  const { prefix = '' } = filters
  const kind = (['user', 'group'] as const).find((each) => each === filters['kind'])
  const members = useApiPages(
    listMembers,
    {
      params: { project: project.name },
      query: {
        inherited: 'true',
        ...(/^[a-z0-9._-]{1,64}$/.test(prefix) && { prefix }),
        ...(kind && { kind }),
      },
    },
    { keepsPrevious: true },
  )
  const changes = useMemberChanges(project.name)
  const isFiltered = prefix !== '' || kind !== undefined
  const mayManage = may('manageMembers')
  return (
    <Section title={text.title} lead={text.lead}>
      {mayManage && <AddMember project={project.name} />}
      <Group gap="sm">
        <FilterField
          label={text.filter}
          value={prefix}
          onChange={(value) => setFilters({ prefix: value.toLowerCase() })}
        />
        <Select
          aria-label={text.kind}
          placeholder={text.anyKind}
          clearable
          data={Object.entries(text.kinds).map(([value, label]) => ({ value, label }))}
          value={kind ?? null}
          onChange={(value) => setFilters({ kind: value ?? undefined })}
          w={180}
        />
      </Group>
      <DataTable
        label={text.title}
        columns={memberColumns(project.name, mayManage ? changes : undefined)}
        rows={members.items}
        rowKey={(member) => `${member.kind} ${member.name} ${member.project}`}
        isLoading={members.isLoading}
        error={members.error}
        onRetry={() => void members.refetch()}
        more={members.more}
        hasMore={members.hasNextPage}
        height="36rem"
        empty={
          isFiltered ? (
            <NothingFound onClear={() => setFilters({ prefix: undefined, kind: undefined })} />
          ) : (
            <Empty title={text.empty}>{text.emptyLead}</Empty>
          )
        }
      />
    </Section>
  )
}
