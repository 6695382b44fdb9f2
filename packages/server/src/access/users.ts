import { randomUUID } from 'node:crypto'
import type { Role } from '../actor.ts'
import { BerthError } from '../errors.ts'
import type { Database, Transaction } from '../metadata/database.ts'
import { removeRefreshTokens } from '../metadata/refresh-tokens.ts'
import {
  findUserByName,
  hasAdministrator,
  insertUser,
  listUsers,
  lockEnabledAdministrators,
  removeUser,
  type StoredUser,
  updateUser,
} from '../metadata/users.ts'
import { parseHtpasswd } from './htpasswd.ts'
import { generatePassword, type Passwords } from './passwords.ts'
import { checkUserName } from './user-name.ts'

export type User = {
  readonly id: string
  readonly name: string
  readonly role: Role
  /** ISO 8601; `undefined` while the user may log in. */
  readonly disabledAt: string | undefined
  readonly createdAt: string
}

/**
 * The users of this registry. Every change is in force at the next request, on every node.
 * All methods throw `requestInvalid` with one of these reasons in the details: `userUnknown`, `userExists`,
 * `userNameInvalid`, `passwordInvalid`, `lastAdministrator`.
 */
export class Users {
  readonly #database: Database
  readonly #passwords: Passwords

  constructor(database: Database, passwords: Passwords) {
    this.#database = database
    this.#passwords = passwords
  }

  async createUser(input: { name: string; password: string; role: Role }): Promise<User> {
    checkUserName(input.name)
    const passwordHash = await this.#passwords.hash(input.password)
    const user = newUser(input.name, passwordHash, input.role)
    await this.#database.transaction(async (tx) => {
      if (!(await insertUser(tx, user))) throw userExists(input.name)
    })
    return toUser(user)
  }

  /** Every user, by name. */
  async listUsers(): Promise<User[]> {
    return (await listUsers(this.#database.read)).map(toUser)
  }

  /** Ends all of the user's tokens and stored logins too. */
  async changePassword(name: string, password: string): Promise<User> {
    const passwordHash = await this.#passwords.hash(password)
    return this.#change(name, async (tx, user) => {
      await updateUser(tx, user.id, { passwordHash })
      await removeRefreshTokens(tx, user.id)
    })
  }

  /** In force at once, for tokens under way as well: they lose what the new role does not have. */
  async changeRole(name: string, role: Role): Promise<User> {
    return this.#change(name, async (tx, user) => {
      if (role !== 'admin') await refuseLastAdministrator(tx, user)
      await updateUser(tx, user.id, { role })
    })
  }

  /** The user can do nothing from now on, and stored logins are gone. Disabling twice is harmless. */
  async disableUser(name: string): Promise<User> {
    return this.#change(name, async (tx, user) => {
      await refuseLastAdministrator(tx, user)
      await updateUser(tx, user.id, { disabledAt: user.disabledAt ?? new Date().toISOString() })
      await removeRefreshTokens(tx, user.id)
    })
  }

  /** Lets a disabled user log in again. Enabling twice is harmless. */
  async enableUser(name: string): Promise<User> {
    return this.#change(name, (tx, user) => updateUser(tx, user.id, { disabledAt: null }))
  }

  /** Removes the user for good. Who gets the name later is another user. */
  async deleteUser(name: string): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const user = await findExistingUser(tx, name)
      await refuseLastAdministrator(tx, user)
      await removeUser(tx, user.id)
    })
  }

  /**
   * Creates a user with the given role for every line of an htpasswd file (bcrypt only), all or none.
   * Throws `requestInvalid` with one detail per faulty line: `{ line, fault }`.
   */
  async importHtpasswd(text: string, role: Role): Promise<User[]> {
    const entries = parseHtpasswd(text)
    const users = entries.map(({ name, hash }) => newUser(name, hash, role))
    await this.#database.transaction(async (tx) => {
      const taken: { line: number; fault: string }[] = []
      for (const [index, user] of users.entries()) {
        if (await insertUser(tx, user)) continue
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
    })
    return users.map(toUser)
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
    const passwordHash = await this.#passwords.hash(input.password ?? generated ?? '')
    const created = await this.#database.transaction(
      async (tx) =>
        !(await hasAdministrator(tx)) && insertUser(tx, newUser(input.name, passwordHash, 'admin')),
    )
    return created ? { created, name: input.name, password: generated } : { created }
  }

  /** Changes one user in a transaction; answers with the user as changed. */
  #change(
    name: string,
    change: (tx: Transaction, user: StoredUser) => Promise<unknown>,
  ): Promise<User> {
    return this.#database.transaction(async (tx) => {
      await change(tx, await findExistingUser(tx, name))
      return toUser(await findExistingUser(tx, name))
    })
  }
}

async function findExistingUser(tx: Transaction, name: string): Promise<StoredUser> {
  const user = await findUserByName(tx, name)
  if (!user) throw userUnknown(name)
  return user
}

/** Throws unless another administrator can still log in. */
async function refuseLastAdministrator(tx: Transaction, user: StoredUser): Promise<void> {
  const administrators = await lockEnabledAdministrators(tx)
  if (administrators.length === 1 && administrators[0] === user.id) {
    throw new BerthError(
      'requestInvalid',
      `${user.name} is the last administrator who can log in. Make somebody else an administrator first.`,
      { details: [{ reason: 'lastAdministrator' }] },
    )
  }
}

/** There is no user of this name. */
export function userUnknown(name: string): BerthError {
  return new BerthError(
    'requestInvalid',
    `There is no user ${JSON.stringify(name.slice(0, 64))}.`,
    { details: [{ reason: 'userUnknown' }] },
  )
}

function userExists(name: string): BerthError {
  return new BerthError('requestInvalid', `There is a user ${name} already.`, {
    details: [{ reason: 'userExists' }],
  })
}

function newUser(name: string, passwordHash: string, role: Role): StoredUser {
  const createdAt = new Date().toISOString()
  return { id: randomUUID(), name, passwordHash, role, disabledAt: null, createdAt }
}

function toUser(user: StoredUser): User {
  const { id, name, role, disabledAt, createdAt } = user
  return { id, name, role, disabledAt: disabledAt ?? undefined, createdAt }
}
