import {
  addGroupMember,
  createGroup,
  deleteGroup,
  listGroupMembers,
  listGroups,
  readGroup,
  removeGroupMember,
  updateGroup,
} from '@berth/api/groups.ts'
import type { Group } from '../../access/groups.ts'
import { type Binding, bind } from './call.ts'

const reading = { on: 'instance', action: 'readUsers' } as const
const managing = { on: 'instance', action: 'manageUsers' } as const

/** Groups of users. */
export const groupRoutes: readonly Binding[] = [
  bind(listGroups, reading, async ({ groups }, { query }) => {
    const page = await groups.listGroups(query)
    return { body: { items: page.items.map(toBody), next: page.next } }
  }),
  bind(createGroup, managing, async ({ groups }, { body, context }) => {
    const group = await groups.createGroup(context, body)
    return { body: toBody(group), version: group.version, location: `/groups/${group.name}` }
  }),
  bind(readGroup, reading, async ({ groups }, { params }) => {
    const group = await groups.readGroup(params.group)
    return { body: toBody(group), version: group.version }
  }),
  bind(updateGroup, managing, async ({ groups }, { params, body, context, ifMatch }) => {
    const group = await groups.updateGroup(context, params.group, body, ifMatch)
    return { body: toBody(group), version: group.version }
  }),
  bind(deleteGroup, managing, async ({ groups }, { params, context, ifMatch }) => {
    await groups.deleteGroup(context, params.group, ifMatch)
    return { body: undefined }
  }),
  bind(listGroupMembers, reading, async ({ groups }, { params, query }) => {
    const page = await groups.listGroupMembers(params.group, query)
    const items = page.items.map((member) => ({
      ...member,
      displayName: member.displayName ?? null,
    }))
    return { body: { items, next: page.next } }
  }),
  bind(addGroupMember, managing, async ({ groups }, { params, context }) => {
    await groups.addGroupMember(context, params.group, params.user)
    return { body: undefined }
  }),
  bind(removeGroupMember, managing, async ({ groups }, { params, context }) => {
    await groups.removeGroupMember(context, params.group, params.user)
    return { body: undefined }
  }),
]

function toBody(group: Group) {
  return { ...group, externalName: group.externalName ?? null }
}
