import { createHash, randomUUID } from 'node:crypto'
import type { InstanceRole, RequestContext } from '../actor.ts'
import { BerthError } from '../errors.ts'
import type { Database, Executor, Transaction } from '../metadata/database.ts'
import {
  findUserByExternalId,
  findUserById,
  findUserByName,
  insertUser,
  lockEnabledAdministrators,
  type StoredUser,
  touchSync,
  updateUser,
} from '../metadata/users.ts'
import type { AccessChanges, Change } from './changes.ts'
import { applyDifference, compareGroups, type GroupDifference } from './group-sync.ts'
import { cleanProfile } from './user-profile.ts'
import { findUserNameFault } from './user-name.ts'

/** Somebody whom a directory or a provider has just vouched for. */
export type ExternalIdentity = {
  /** `ldap`, `oidc:<provider>`. */
  readonly source: string
  /** Who it is there, for ever: never a name that can be given to somebody else. */
  readonly externalId: string
  readonly preferredName: string
  readonly displayName?: string | undefined
  readonly email?: string | undefined
  /** All groups there, by the names there. */
  readonly groups: readonly string[]
  /** Given when the source decides on it; otherwise a new user has none, and a known one keeps what there is. */
  readonly role?: InstanceRole | undefined
}

const nameMax = 64
const groupsMax = 10_000
const externalIdMax = 1024

/**
 * Creates the user of an identity at the first sign-in and brings name, email, role and groups up to date at each one.
 * A user is found by source and external id only: a name that is taken, by a local user or anyone else, is never taken
 * over; the newcomer's gets a suffix made from the identity. A user who is disabled is answered and left as they are:
 * it is for the caller to refuse them. Nothing is counted as a change of access when nothing changed.
 * Throws `requestInvalid` for more than 10,000 groups or an external id that is empty, over 1024 characters or holds
 * a control character.
 */
export async function signInExternal(
  parts: {
    readonly database: Database
    readonly changes: AccessChanges
    readonly now: () => number
  },
  identity: ExternalIdentity,
  from: Pick<RequestContext, 'address' | 'requestId'>,
): Promise<StoredUser> {
  checkIdentity(identity)
  const { database, changes } = parts
  const known = await findUserByExternalId(database.read, identity.source, identity.externalId)
  if (known && (known.disabledAt !== null || (await isCurrent(database.read, known, identity)))) {
    const now = new Date(parts.now()).toISOString()
    if (known.disabledAt === null) {
      await database.relaxedTransaction((tx) => touchSync(tx, known.id, now))
    }
    return known
  }
  const actor = { kind: 'system', id: 'berth', name: identity.source } as const
  return changes.run({ ...from, actor }, async (change) => {
    const stored = await findUserByExternalId(change.tx, identity.source, identity.externalId)
    if (stored?.disabledAt) return stored
    const user = stored ?? (await createUser(change, identity))
    await bringUpToDate(change, user, identity, stored === undefined)
    const current = await findUserById(change.tx, user.id)
    if (!current) throw new Error('A user is gone from within the transaction that made it.')
    return current
  })
}

async function isCurrent(
  db: Executor,
  user: StoredUser,
  identity: ExternalIdentity,
): Promise<boolean> {
  const { displayName, email } = cleanProfile(identity)
  const sameUser =
    user.displayName === displayName &&
    user.email === email &&
    (identity.role === undefined || identity.role === user.role)
  if (!sameUser) return false
  return isEmpty(await compareGroups(db, user.id, identity.source, identity.groups))
}

async function createUser({ tx, now }: Change, identity: ExternalIdentity): Promise<StoredUser> {
  const user: StoredUser = {
    id: randomUUID(),
    name: await freeName(tx, identity),
    passwordHash: '',
    role: identity.role ?? 'none',
    disabledAt: null,
    createdAt: now,
    ...cleanProfile(identity),
    source: identity.source,
    externalId: identity.externalId,
    version: 1,
  }
  if (await insertUser(tx, user)) return user
  throw new BerthError('conflict', 'A user of this name was created at the same moment. Try again.')
}

async function bringUpToDate(
  { tx, now, record }: Change,
  user: StoredUser,
  identity: ExternalIdentity,
  isNew: boolean,
): Promise<void> {
  const difference = await compareGroups(tx, user.id, identity.source, identity.groups)
  await applyDifference(tx, user.id, difference, now)
  const { displayName, email } = cleanProfile(identity)
  const role = await allowedRole(tx, user, identity.role ?? user.role)
  const isSame = user.displayName === displayName && user.email === email && user.role === role
  if (!isSame) await updateUser(tx, user.id, { displayName, email, role })
  await touchSync(tx, user.id, now)
  if (!isNew && isSame && isEmpty(difference)) return
  const names = (groups: GroupDifference['added']) => groups.map(({ name }) => name)
  const before = { displayName: user.displayName, email: user.email, role: user.role }
  await record({
    action: isNew ? 'user.created' : 'user.synced',
    targetKind: 'user',
    target: user.name,
    project: '',
    before: isNew ? undefined : { ...before, groupsRemoved: names(difference.removed) },
    after: {
      displayName,
      email,
      role,
      source: identity.source,
      groupsAdded: names(difference.added),
    },
  })
}

/** A directory cannot take away the last administrator: the one who is it stays it until there is another. */
async function allowedRole(
  tx: Transaction,
  user: StoredUser,
  role: InstanceRole,
): Promise<InstanceRole> {
  if (user.role !== 'admin' || role === 'admin') return role
  const administrators = await lockEnabledAdministrators(tx)
  return administrators.some((id) => id !== user.id) ? role : 'admin'
}

/** The wished name in the form of a user name, with a suffix when it is taken: always the same for one identity. */
async function freeName(tx: Transaction, identity: ExternalIdentity): Promise<string> {
  const wished = toUserName(identity.preferredName)
  if (wished !== '' && !(await findUserByName(tx, wished))) return wished
  const digest = createHash('sha256')
    .update(`${identity.source}\0${identity.externalId}`)
    .digest('hex')
  for (const length of [8, 24]) {
    const name = `${(wished || 'user').slice(0, nameMax - 1 - length)}-${digest.slice(0, length)}`
    if (!(await findUserByName(tx, name))) return name
  }
  throw new BerthError('conflict', 'Every name for this user is taken. Ask an administrator.', {
    details: [{ reason: 'userExists' }],
  })
}

/** `Jöran.Müller@example.com` becomes `joran.muller`; `''` when nothing is left. */
function toUserName(text: string): string {
  const name = text
    .slice(0, 256)
    .replace(/@.*$/s, '')
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, nameMax)
    .replace(/[._-]+$/, '')
  return findUserNameFault(name) === undefined ? name : ''
}

function isEmpty({ added, removed }: GroupDifference): boolean {
  return added.length === 0 && removed.length === 0
}

function checkIdentity({ externalId, groups }: ExternalIdentity): void {
  const field =
    externalId === '' || externalId.length > externalIdMax || /\p{Cc}/u.test(externalId)
      ? 'externalId'
      : groups.length > groupsMax
        ? 'groups'
        : undefined
  if (field === undefined) return
  throw new BerthError(
    'requestInvalid',
    `The directory says more than is accepted: an id of 1 to ${externalIdMax} characters without control characters, and ${groupsMax} groups.`,
    { details: [{ field, rule: 'size' }] },
  )
}
