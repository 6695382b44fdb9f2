import { type listMembers, removeMember, setMember } from '@berth/api/members.ts'
import { Button, Group, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { type ItemOf, useApiAction } from '../../api/queries.ts'
import { projectText } from '../../text/projects.ts'
import { uiText } from '../../text/ui.ts'
import { notifyDone, notifyFault } from '../../ui/notify.ts'
import type { ProjectRole } from './project-role.ts'

const text = projectText.members

export type Member = ItemOf<typeof listMembers>
export type MemberChanges = ReturnType<typeof useMemberChanges>

const undoMs = 12_000

/** Gives and takes roles; what was taken can be given back for a while. What is refused is said. */
export function useMemberChanges(project: string) {
  const set = useApiAction(setMember)
  const remove = useApiAction(removeMember)
  const paramsOf = ({ kind, name }: Member) => ({ project, kind, subject: name })

  const give = async (member: Member, role: ProjectRole, said: string) => {
    try {
      await set.mutateAsync({ params: paramsOf(member), body: { role } })
      notifyDone(said)
    } catch (error) {
      notifyFault(error)
    }
  }
  return {
    setRole: (member: Member, role: ProjectRole) =>
      give(member, role, text.added(member.name, text.roles[role])),
    async remove(member: Member) {
      try {
        await remove.mutateAsync({ params: paramsOf(member) })
      } catch (error) {
        notifyFault(error)
        return
      }
      const id = `removed ${member.kind} ${member.name}`
      const undo = () => {
        notifications.hide(id)
        void give(member, member.role, text.restored(member.name))
      }
      notifications.show({
        id,
        color: 'teal',
        autoClose: undoMs,
        message: (
          <Group justify="space-between" wrap="nowrap">
            <Text size="sm">{text.removed(member.name)}</Text>
            <Button size="compact-sm" variant="default" onClick={undo}>
              {uiText.undo}
            </Button>
          </Group>
        ),
      })
    },
  }
}
