import {
  changeOwnPassword,
  createUser,
  deleteUser,
  listUsers,
  readOwnUser,
  readUser,
  setUserPassword,
  updateOwnUser,
  updateUser,
} from '@berth/api/users.ts'
import type { User } from '../../access/user-record.ts'
import { type Binding, bind } from './call.ts'

const reading = { on: 'instance', action: 'readUsers' } as const
const managing = { on: 'instance', action: 'manageUsers' } as const

/** The users of this registry, and what a user may do about themselves. */
export const userRoutes: readonly Binding[] = [
  bind(listUsers, reading, async ({ users }, { query }) => {
    const disabled = query.disabled === undefined ? undefined : query.disabled === 'true'
    const page = await users.listUsers({ ...query, disabled })
    return { body: { items: page.items.map(toBody), next: page.next } }
  }),
  bind(createUser, managing, async ({ users }, { body, context }) => {
    const user = await users.createUser(body, context)
    return { body: toBody(user), version: user.version, location: `/users/${user.name}` }
  }),
  bind(readUser, reading, async ({ users }, { params }) => {
    const user = await users.readUser(params.user)
    return { body: toBody(user), version: user.version }
  }),
  bind(updateUser, managing, async ({ users }, { params, body, context, ifMatch }) => {
    const user = await users.updateUser(params.user, body, context, ifMatch)
    return { body: toBody(user), version: user.version }
  }),
  bind(setUserPassword, managing, async ({ users }, { params, body, context }) => {
    await users.changePassword(params.user, body.password, context)
    return { body: undefined }
  }),
  bind(deleteUser, managing, async ({ users }, { params, context, ifMatch }) => {
    await users.deleteUser(params.user, context, ifMatch)
    return { body: undefined }
  }),
  bind(readOwnUser, { on: 'caller' }, async ({ users }, { caller: { actor } }) => {
    // A machine has no user: its id finds none.
    return { body: toBody(await users.readUserById(actor.kind === 'user' ? actor.id : '')) }
  }),
  bind(updateOwnUser, { on: 'person' }, async ({ users }, { body, caller, context }) => {
    const { name } = await users.readUserById(caller.actor.id)
    return { body: toBody(await users.updateUser(name, body, context)) }
  }),
  bind(changeOwnPassword, { on: 'person' }, async ({ ownPassword }, { body, caller, context }) => {
    const { currentPassword: current, code, newPassword: next } = body
    await ownPassword.changePassword(context, { current, code, next }, caller.sessionId)
    return { body: undefined }
  }),
]

function toBody(user: User) {
  return {
    ...user,
    displayName: user.displayName ?? null,
    email: user.email ?? null,
    disabledAt: user.disabledAt ?? null,
  }
}
