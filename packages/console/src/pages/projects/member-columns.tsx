import { Button, NativeSelect } from '@mantine/core'
import { projectText } from '../../text/projects.ts'
import type { Column } from '../../ui/data-table.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Ago } from '../../ui/time.tsx'
import { type ProjectRole, roleChoices } from './project-role.ts'
import type { Member, MemberChanges } from './use-member-changes.tsx'

const text = projectText.members

/** `changes`: how roles are changed; without them the table only shows. */
export function memberColumns(
  project: string,
  changes: MemberChanges | undefined,
): readonly Column<Member>[] {
  const isHere = (member: Member) => member.project === project
  const columns: Column<Member>[] = [
    { id: 'name', title: text.name, cell: ({ name }) => <bdi>{name}</bdi> },
    { id: 'kind', title: text.kind, cell: ({ kind }) => text.kinds[kind] },
    {
      id: 'role',
      title: text.role,
      cell: (member) =>
        changes && isHere(member) ? (
          <NativeSelect
            size="xs"
            aria-label={text.changeRole(member.name)}
            data={roleChoices}
            value={member.role}
            onChange={(event) =>
              void changes.setRole(member, event.currentTarget.value as ProjectRole)
            }
            w={150}
          />
        ) : (
          text.roles[member.role]
        ),
    },
    {
      id: 'from',
      title: text.from,
      cell: (member) => (isHere(member) ? text.here : <Origin project={member.project} />),
    },
    { id: 'since', title: text.since, cell: ({ createdAt }) => <Ago at={createdAt} /> },
  ]
  if (!changes) return columns
  return [
    ...columns,
    {
      id: 'actions',
      title: text.actions,
      align: 'end',
      cell: (member) =>
        isHere(member) ? (
          <Button
            size="compact-xs"
            variant="default"
            aria-label={text.removeOne(member.name)}
            onClick={() => void changes.remove(member)}
          >
            {text.remove}
          </Button>
        ) : (
          <Button
            size="compact-xs"
            variant="default"
            aria-label={text.overrideOne(member.name)}
            onClick={() => void changes.setRole(member, member.role)}
          >
            {text.override}
          </Button>
        ),
    },
  ]
}

function Origin({ project }: { project: string }) {
  if (project === '') return text.instance
  return (
    <PageLink to="/projects/$project/members" params={{ project }}>
      <bdi>{project}</bdi>
    </PageLink>
  )
}
