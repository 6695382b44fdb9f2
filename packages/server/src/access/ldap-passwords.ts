import type { Database } from '../metadata/database.ts'
import { findUserByName, type StoredUser } from '../metadata/users.ts'
import type { ExternalPasswords } from './credentials.ts'
import { type Ldap, ldapSource } from './ldap.ts'
import type { Users } from './users.ts'

/** Has the directory check the passwords of its users, and keeps them here as they are there. */
export class LdapPasswords implements ExternalPasswords {
  readonly #database: Database
  readonly #ldap: Ldap
  readonly #users: Users

  constructor(parts: { database: Database; ldap: Ldap; users: Users }) {
    this.#database = parts.database
    this.#ldap = parts.ldap
    this.#users = parts.users
  }

  /** See `ExternalPasswords`. */
  async authenticate(name: string, password: string): Promise<StoredUser | undefined> {
    const known = await findUserByName(this.#database.read, name)
    const knownId = known?.source === ldapSource ? (known.externalId ?? undefined) : undefined
    const identity = await this.#ldap.authenticate(name, password, knownId)
    return identity && this.#users.signInExternal(identity)
  }
}
