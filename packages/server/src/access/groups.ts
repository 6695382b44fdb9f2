import { randomUUID } from 'node:crypto'
import type { InstanceRole } from '../actor.ts'
import { BerthError } from '../errors.ts'
import type { Database, Executor } from '../metadata/database.ts'
import {
  findGroupByName,
  insertGroup,
  insertGroupMember,
  listGroupMembers,
  listGroups,
  removeGroup,
  removeGroupMember,
  type StoredGroup,
  updateGroup,
} from '../metadata/groups.ts'
import { findUserByName } from '../metadata/users.ts'
import type { AccessChanges, ChangeContext } from './changes.ts'
import { checkVersion } from './expected-version.ts'
import { type Page, placeAfter, readPage } from './page.ts'
import { findUserNameFault } from './user-name.ts'

export type Group = {
  readonly name: string
  /** `local`: its members are managed here. `ldap`, `oidc:<provider>`: they are set whenever one signs in from there. */
  readonly source: string
  /** What the group is called there. */
  readonly externalName: string | undefined
  readonly role: InstanceRole
  readonly createdAt: string
  readonly version: number
}

export type GroupMember = {
  readonly name: string
  readonly displayName: string | undefined
  readonly addedAt: string
}

const externalNameMax = 512
const sourceGrammar = /^(?:local|ldap|oidc:[a-z0-9][a-z0-9._-]{0,63})$/

/** Groups of users: members of projects, and roles on the instance. Every change is in force at the next request. */
export class Groups {
  readonly #database: Database
  readonly #changes: AccessChanges

  constructor(parts: { database: Database; changes: AccessChanges }) {
    this.#database = parts.database
    this.#changes = parts.changes
  }

  /** Throws `requestInvalid`, `alreadyExists`. */
  async createGroup(
    context: ChangeContext,
    input: {
      readonly name: string
      readonly role?: InstanceRole | undefined
      readonly source?: string | undefined
      readonly externalName?: string | undefined
    },
  ): Promise<Group> {
    const { name, role = 'none', source = 'local', externalName = null } = input
    checkGroupName(name)
    checkOrigin(source, externalName)
    return this.#changes.run(context, async ({ tx, now, record }) => {
      const id = randomUUID()
      const group = { id, name, source, externalName, role, createdAt: now, version: 1 }
      if (!(await insertGroup(tx, group))) throw groupExists()
      await record({ ...event('group.created', name), after: { role, source, externalName } })
      return toGroup(group)
    })
  }

  /** Throws `notFound`. */
  async readGroup(name: string): Promise<Group> {
    return toGroup(await existingGroup(this.#database.read, name))
  }

  /** Groups by name. */
  async listGroups(query: {
    readonly limit: number
    readonly after?: string | undefined
    readonly prefix?: string | undefined
    readonly source?: string | undefined
    readonly role?: InstanceRole | undefined
  }): Promise<Page<Group>> {
    const { limit, after: from, ...filters } = query
    const after = placeAfter(from)
    return readPage(
      limit,
      (count) => listGroups(this.#database.read, { ...filters, after, limit: count }),
      (row) => row.name,
      toGroup,
    )
  }

  /** Changes what is given. Throws `notFound`, `requestInvalid`, `alreadyExists`, `versionMismatch`. */
  async updateGroup(
    context: ChangeContext,
    name: string,
    change: { readonly name?: string | undefined; readonly role?: InstanceRole | undefined },
    expectedVersion?: number,
  ): Promise<Group> {
    if (change.name !== undefined) checkGroupName(change.name)
    return this.#changes.run(context, async ({ tx, record }) => {
      const group = await existingGroup(tx, name)
      checkVersion(group, expectedVersion)
      const newName = change.name ?? name
      if (newName !== name && (await findGroupByName(tx, newName))) throw groupExists()
      await updateGroup(tx, group.id, change)
      const updated = await existingGroup(tx, newName)
      await record({
        ...event('group.updated', name),
        before: { name, role: group.role },
        after: { name: newName, role: updated.role },
      })
      return toGroup(updated)
    })
  }

  /** Removes the group and every role that it gave. Throws `notFound`, `versionMismatch`. */
  async deleteGroup(context: ChangeContext, name: string, expectedVersion?: number): Promise<void> {
    await this.#changes.run(context, async ({ tx, record }) => {
      const group = await existingGroup(tx, name)
      checkVersion(group, expectedVersion)
      await removeGroup(tx, group.id)
      const { role, source, externalName } = group
      await record({ ...event('group.deleted', name), before: { role, source, externalName } })
    })
  }

  /** The users in the group, by name. Throws `notFound`. */
  async listGroupMembers(
    name: string,
    page: { readonly limit: number; readonly after?: string | undefined },
  ): Promise<Page<GroupMember>> {
    const after = placeAfter(page.after)
    const { id } = await existingGroup(this.#database.read, name)
    return readPage(
      page.limit,
      (limit) => listGroupMembers(this.#database.read, id, { limit, after }),
      (row) => row.name,
      (row) => ({ ...row, displayName: row.displayName ?? undefined }),
    )
  }

  /** Adding twice is harmless. Throws `notFound`, `requestInvalid` (reason `userUnknown`), `conflict` for a group from outside. */
  async addGroupMember(context: ChangeContext, name: string, userName: string): Promise<void> {
    await this.#changes.run(context, async ({ tx, now, record }) => {
      const group = await existingGroup(tx, name)
      refuseOutside(group)
      const user = await findUserByName(tx, userName)
      if (!user) throw userUnknown(userName)
      const member = { groupId: group.id, userId: user.id, createdAt: now }
      if (await insertGroupMember(tx, member)) {
        await record({ ...event('group.memberAdded', name), after: { user: userName } })
      }
    })
  }

  /** Throws `notFound` also when the user is not in the group, `conflict` for a group from outside. */
  async removeGroupMember(context: ChangeContext, name: string, userName: string): Promise<void> {
    await this.#changes.run(context, async ({ tx, record }) => {
      const group = await existingGroup(tx, name)
      refuseOutside(group)
      const user = await findUserByName(tx, userName)
      const removed =
        user !== undefined && (await removeGroupMember(tx, { groupId: group.id, userId: user.id }))
      if (!removed) throw new BerthError('notFound', 'The group has no such member.')
      await record({ ...event('group.memberRemoved', name), before: { user: userName } })
    })
  }
}

async function existingGroup(db: Executor, name: string): Promise<StoredGroup> {
  const group = await findGroupByName(db, name)
  if (!group) throw new BerthError('notFound', 'There is no such group.')
  return group
}

function refuseOutside({ name, source }: StoredGroup): void {
  if (source === 'local') return
  throw new BerthError(
    'conflict',
    `The members of ${name} are managed outside (${source}). Change them there; they are taken over at the next sign-in.`,
    { details: [{ reason: 'managedOutside', source }] },
  )
}

function checkGroupName(name: string): void {
  if (findUserNameFault(name) === undefined) return
  throw new BerthError(
    'requestInvalid',
    'A group name has 1 to 64 characters: lowercase letters, digits, ".", "_" and "-", and starts with a letter or a digit.',
    { details: [{ field: 'name', rule: 'groupName', reason: 'groupNameInvalid' }] },
  )
}

function checkOrigin(source: string, externalName: string | null): void {
  const field = sourceGrammar.test(source) ? 'externalName' : 'source'
  const length = externalName?.length ?? 0
  const fits = (source === 'local') === (externalName === null) && length <= externalNameMax
  const isName = externalName === null || /^\P{Cc}+$/u.test(externalName)
  if (field === 'externalName' && fits && isName) return
  throw new BerthError(
    'requestInvalid',
    'The source is "local" without an external name, or "ldap" or "oidc:<provider>" with the name of the group there, ' +
      `1 to ${externalNameMax} characters without control characters.`,
    { details: [{ field, rule: 'groupSource' }] },
  )
}

function groupExists(): BerthError {
  return new BerthError(
    'alreadyExists',
    'There is a group of this name already, or one that stands for the same group outside.',
    { details: [{ field: 'name', reason: 'groupExists' }] },
  )
}

function userUnknown(name: string): BerthError {
  return new BerthError(
    'requestInvalid',
    `There is no user ${JSON.stringify(name.slice(0, 64))}. Give the whole name of a user that exists.`,
    { details: [{ field: 'user', rule: 'exists', reason: 'userUnknown' }] },
  )
}

function toGroup(group: StoredGroup): Group {
  const { name, source, externalName, role, createdAt, version } = group
  return { name, source, externalName: externalName ?? undefined, role, createdAt, version }
}

function event(action: string, group: string) {
  return { action, targetKind: 'group', target: group, project: '' }
}
