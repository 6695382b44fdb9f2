import { explainAccess, listMembers, removeMember, setMember } from '@berth/api/members.ts'
import { readOwnMemberships } from '@berth/api/memberships.ts'
import { type Binding, bind } from './call.ts'

/** Who has which role in a project. */
export const memberRoutes: readonly Binding[] = [
  bind(
    listMembers,
    { on: 'project', action: 'readMembers' },
    async ({ members }, { params, query }) => {
      const inherited = query.inherited === 'true'
      const page = await members.listMembers(params.project, { ...query, inherited })
      return { body: { items: [...page.items], next: page.next } }
    },
  ),
  bind(
    setMember,
    { on: 'project', action: 'manageMembers' },
    async ({ members }, { params, body, context }) => {
      const subject = { kind: params.kind, name: params.subject }
      const { member } = await members.setMember(context, params.project, subject, body.role)
      return { body: member }
    },
  ),
  bind(
    removeMember,
    { on: 'project', action: 'manageMembers' },
    async ({ members }, { params, context }) => {
      const subject = { kind: params.kind, name: params.subject }
      await members.removeMember(context, params.project, subject)
      return { body: undefined }
    },
  ),
  bind(readOwnMemberships, { on: 'person' }, async ({ members }, { caller: { actor } }) => {
    const { groups, projects, isTruncated } = await members.membershipsOf(actor.id)
    const named = groups.map(({ name, role, source }) => ({ name, role, source }))
    return { body: { groups: named, projects, isTruncated } }
  }),
  bind(explainAccess, { on: 'project', action: 'readMembers' }, async ({ members }, { params }) => {
    const explanation = await members.explainAccess(params.project, params.user)
    const { origin } = explanation
    return {
      body: {
        ...explanation,
        origin: origin.kind === 'instance' ? { ...origin, group: origin.group ?? null } : origin,
      },
    }
  }),
]
