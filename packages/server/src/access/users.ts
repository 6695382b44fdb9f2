import type { InstanceRole, RequestContext } from '../actor.ts'
import { BerthError } from '../errors.ts'
import type { Database, Executor, Transaction } from '../metadata/database.ts'
import {
  findUserById,
  findUserByName,
  hasAdministrator,
  insertUser,
  listUsers,
  lockEnabledAdministrators,
  removeLogins,
  removeUser,
  type StoredUser,
  updateUser,
} from '../metadata/users.ts'
import type { AccessChanges, ChangeContext } from './changes.ts'
import { commandLine } from './command-line.ts'
import { checkVersion } from './expected-version.ts'
import { type ExternalIdentity, signInExternal } from './external-users.ts'
import { parseHtpasswd } from './htpasswd.ts'
import { notNext, type Page, placeAfter, readPage } from './page.ts'
import { generatePassword, type Passwords } from './passwords.ts'
import { refuseOutside, storePassword } from './store-password.ts'
import { checkUserName } from './user-name.ts'
import { checkProfile, type Profile } from './user-profile.ts'
import {
  describeUser,
  newUser,
  recordUserCreation,
  toUser,
  type User,
  userActionOf,
  userEvent,
} from './user-record.ts'

/** What is left out stays; `null` takes a display name or email away. */
export type UserChange = Profile & {
  readonly role?: InstanceRole | undefined
  readonly disabled?: boolean | undefined
}

/**
 * The users of this registry. Every change is in force at the next request, on every node.
 * Methods that name a user throw `notFound` when there is none. Without a context it is the command line that asks.
 */
export class Users {
  readonly #database: Database
  readonly #passwords: Passwords
  readonly #changes: AccessChanges
  readonly #now: () => number

  constructor(parts: {
    database: Database
    passwords: Passwords
    changes: AccessChanges
    now: () => number
  }) {
    this.#database = parts.database
    this.#passwords = parts.passwords
    this.#changes = parts.changes
    this.#now = parts.now
  }

  /** Throws `requestInvalid` (reason `userNameInvalid` or `passwordInvalid`), `alreadyExists`. */
  async createUser(
    input: { name: string; password: string; role: InstanceRole } & Profile,
    context: ChangeContext = commandLine,
  ): Promise<User> {
    checkUserName(input.name)
    checkProfile(input)
    const passwordHash = await this.#passwords.hash(input.password, input.name)
    return this.#changes.run(context, async (change) => {
      const user = newUser(input, passwordHash, change.now)
      if (!(await insertUser(change.tx, user))) throw userExists(input.name)
      await recordUserCreation(change, user)
      return toUser(user)
    })
  }

  async readUser(name: string): Promise<User> {
    return toUser(await findExistingUser(this.#database.read, name))
  }

  /** The user of this id, for whoever is signed in. Throws `notFound`. */
  async readUserById(id: string): Promise<User> {
    return toUser(await findUserOfId(this.#database.read, id))
  }

  /** Users by name, or in the order in which they were created. Throws `requestInvalid` for an `after` that no page gave. */
  async listUsers(query: {
    readonly limit: number
    readonly after?: string | undefined
    readonly sort?: 'name' | 'createdAt' | undefined
    readonly prefix?: string | undefined
    readonly role?: InstanceRole | undefined
    readonly source?: string | undefined
    readonly disabled?: boolean | undefined
  }): Promise<Page<User>> {
    const { limit, after, sort = 'name', ...filters } = query
    const order =
      sort === 'name'
        ? { by: sort, after: placeAfter(after) }
        : { by: sort, after: readCreationPlace(after) }
    return readPage(
      limit,
      (count) => listUsers(this.#database.read, { ...filters, sort: order, limit: count }),
      (row) => (sort === 'name' ? row.name : `${row.createdAt}:${row.id}`),
      toUser,
    )
  }

  /**
   * Changes what is given. A user who is disabled loses all logins for good. Throws `requestInvalid`, `versionMismatch`,
   * and `conflict` for the last administrator and for the display name and email of one from outside.
   */
  async updateUser(
    name: string,
    change: UserChange,
    context: ChangeContext = commandLine,
    expectedVersion?: number,
  ): Promise<User> {
    checkProfile(change)
    return this.#changes.run(context, async ({ tx, now, record }) => {
      const user = await findExistingUser(tx, name)
      checkVersion(user, expectedVersion)
      const { role, disabled, displayName, email } = change
      if (displayName !== undefined || email !== undefined) refuseOutside(user, 'profile')
      if ((role !== undefined && role !== 'admin') || disabled) {
        await refuseLastAdministrator(tx, user)
      }
      const disabledAt =
        disabled === undefined ? undefined : disabled ? (user.disabledAt ?? now) : null
      await updateUser(tx, user.id, { role, disabledAt, displayName, email })
      if (disabled) await removeLogins(tx, user.id)
      const updated = await findExistingUser(tx, name)
      await record({
        ...userEvent(userActionOf(user, updated), name),
        before: describeUser(user),
        after: describeUser(updated),
      })
      return toUser(updated)
    })
  }

  /** Sets a new password and ends all of the user's logins. Throws `requestInvalid`, `conflict` for a user from outside. */
  async changePassword(
    name: string,
    password: string,
    context: ChangeContext = commandLine,
  ): Promise<User> {
    const passwordHash = await this.#passwords.hash(password, name)
    return this.#changes.run(context, async (change) => {
      const user = await findExistingUser(change.tx, name)
      return storePassword(change, user, passwordHash)
    })
  }

  /** In force at once, for tokens under way as well: they lose what the new role does not have. Throws `conflict`. */
  changeRole(name: string, role: InstanceRole, context?: ChangeContext): Promise<User> {
    return this.updateUser(name, { role }, context)
  }

  /** The user can do nothing from now on, and stored logins are gone. Disabling twice is harmless. Throws `conflict`. */
  disableUser(name: string, context?: ChangeContext): Promise<User> {
    return this.updateUser(name, { disabled: true }, context)
  }

  /** Lets a disabled user log in again. Enabling twice is harmless. */
  enableUser(name: string, context?: ChangeContext): Promise<User> {
    return this.updateUser(name, { disabled: false }, context)
  }

  /** Ends the logins that clients have stored and all browser sessions; answers with how many there were. */
  async signOut(name: string, context: ChangeContext = commandLine): Promise<number> {
    return this.#changes.run(context, async ({ tx, record }) => {
      const user = await findExistingUser(tx, name)
      const ended = await removeLogins(tx, user.id)
      await record({ ...userEvent('user.signedOut', name), after: { ended } })
      return ended
    })
  }

  /** Removes the user for good. Who gets the name later is another user. Throws `conflict`, `versionMismatch`. */
  async deleteUser(
    name: string,
    context: ChangeContext = commandLine,
    expectedVersion?: number,
  ): Promise<void> {
    await this.#changes.run(context, async ({ tx, record }) => {
      const user = await findExistingUser(tx, name)
      checkVersion(user, expectedVersion)
      await refuseLastAdministrator(tx, user)
      await removeUser(tx, user.id)
      await record({ ...userEvent('user.deleted', name), before: describeUser(user) })
    })
  }

  /** See `external-users.ts`, which this only gives what it needs. */
  signInExternal(
    identity: ExternalIdentity,
    from: Pick<RequestContext, 'address' | 'requestId'> = commandLine,
  ): Promise<StoredUser> {
    const parts = { database: this.#database, changes: this.#changes, now: this.#now }
    return signInExternal(parts, identity, { address: from.address, requestId: from.requestId })
  }

  /**
   * Creates a user with the given role for every line of an htpasswd file (bcrypt only), all or none.
   * Throws `requestInvalid` with one detail per faulty line: `{ line, fault }`.
   */
  async importHtpasswd(
    text: string,
    role: InstanceRole,
    context: ChangeContext = commandLine,
  ): Promise<User[]> {
    const entries = parseHtpasswd(text)
    return this.#changes.run(context, async (change) => {
      const users = entries.map(({ name, hash }) => newUser({ name, role }, hash, change.now))
      const taken: { line: number; fault: string }[] = []
      for (const [index, user] of users.entries()) {
        if (await insertUser(change.tx, user)) {
          await recordUserCreation(change, user)
          continue
        }
        taken.push({
          line: entries[index]?.line ?? 0,
          fault: `The user ${user.name} exists already.`,
        })
      }
      if (taken.length > 0) {
        throw new BerthError(
          'requestInvalid',
          'Some of these users exist already. Nothing was imported.',
          { details: taken },
        )
      }
      return users.map(toUser)
    })
  }

  /**
   * Creates the administrator while there is none, that is at the first start. `password` in the answer
   * is one that was made here, to be shown once; `undefined` when the caller chose it.
   */
  async ensureAdministrator(input: {
    name: string
    password?: string | undefined
  }): Promise<{ created: true; name: string; password: string | undefined } | { created: false }> {
    if (await hasAdministrator(this.#database.read)) return { created: false }
    checkUserName(input.name)
    const generated = input.password === undefined ? generatePassword() : undefined
    const passwordHash = await this.#passwords.hash(input.password ?? generated ?? '', input.name)
    const created = await this.#changes.run(commandLine, async (change) => {
      if (await hasAdministrator(change.tx)) return false
      const user = newUser({ name: input.name, role: 'admin' }, passwordHash, change.now)
      if (!(await insertUser(change.tx, user))) return false
      await recordUserCreation(change, user)
      return true
    })
    return created ? { created, name: input.name, password: generated } : { created }
  }
}

async function findExistingUser(db: Executor, name: string): Promise<StoredUser> {
  const user = await findUserByName(db, name)
  if (!user) throw userUnknown(name)
  return user
}

async function findUserOfId(db: Executor, id: string): Promise<StoredUser> {
  const user = await findUserById(db, id)
  if (!user) throw new BerthError('notFound', 'There is no such user.')
  return user
}

/** Throws unless another administrator can still log in. */
async function refuseLastAdministrator(tx: Transaction, user: StoredUser): Promise<void> {
  const administrators = await lockEnabledAdministrators(tx)
  if (administrators.length === 1 && administrators[0] === user.id) {
    throw new BerthError(
      'conflict',
      `${user.name} is the last administrator who can log in. Make somebody else an administrator first.`,
      { details: [{ reason: 'lastAdministrator' }] },
    )
  }
}

/** There is no user of this name. */
function userUnknown(name: string): BerthError {
  return new BerthError('notFound', `There is no user ${JSON.stringify(name.slice(0, 64))}.`, {
    details: [{ reason: 'userUnknown' }],
  })
}

function userExists(name: string): BerthError {
  return new BerthError('alreadyExists', `There is a user ${name} already.`, {
    details: [{ field: 'name', reason: 'userExists' }],
  })
}

function readCreationPlace(after: string | undefined): { createdAt: string; id: string } {
  if (after === undefined) return { createdAt: '', id: '' }
  const { createdAt, id } = /^(?<createdAt>[\d:.TZ-]{24}):(?<id>[\w-]+)$/.exec(after)?.groups ?? {}
  if (createdAt !== undefined && id !== undefined) return { createdAt, id }
  throw notNext()
}
