import { type listMembers, removeMember, setMember } from '@berth/api/members.ts'
import { type ItemOf, useApiAction } from '../../api/queries.ts'
import { projectText } from '../../text/projects.ts'
import { notifyDone, notifyFault } from '../../ui/notify.ts'
import { notifyUndoable } from '../../ui/notify-undoable.tsx'
import type { ProjectRole } from './project-role.ts'

const text = projectText.members

export type Member = ItemOf<typeof listMembers>
export type MemberChanges = ReturnType<typeof useMemberChanges>

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
      notifyUndoable(`removed ${member.kind} ${member.name}`, text.removed(member.name), () => {
        void give(member, member.role, text.restored(member.name))
      })
    },
  }
}
