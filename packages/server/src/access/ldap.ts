import {
  AndFilter,
  type Entry,
  EqualityFilter,
  type Filter,
  FilterParser,
  ResultCodeError,
} from 'ldapts'
import type { Config } from '../config/schema.ts'
import { BerthError } from '../errors.ts'
import { isAdmitted, mappedRole, readGroups, readText } from './external-identity.ts'
import type { ExternalIdentity } from './external-users.ts'
import { Gate } from './gate.ts'
import { type LdapConnection, withLdapConnection } from './ldap-connection.ts'
import { LdapGroups, valuesOf } from './ldap-groups.ts'

type LdapSettings = Config['access']['ldap']

export const ldapSource = 'ldap' as const

const nameLengthMax = 256
const passwordBytesMax = 1024
const waitingMax = 1000

/** Result codes of a bind that mean: not this person, or not now. RFC 4511, appendix A. */
const refusals = new Set([19, 32, 48, 49, 50, 53])
/** Result codes that another server may not give: busy, unavailable. */
const serverTroubles = new Set([51, 52])

/**
 * Asks an LDAP directory who somebody is: finds the one entry of that name, and checks a password by binding as it.
 * All methods throw `unavailable` when no server gives an answer, and `rateLimited` when too many wait for one.
 */
export class Ldap {
  readonly #settings: LdapSettings
  readonly #userFilter: Filter
  readonly #groups: LdapGroups
  readonly #gate: Gate
  /** The server that answered last is asked first. */
  #preferred = 0

  constructor(settings: LdapSettings) {
    this.#settings = settings
    this.#userFilter = FilterParser.parseString(settings.userFilter)
    this.#groups = new LdapGroups(settings)
    this.#gate = new Gate({
      running: settings.maxConnections,
      waiting: waitingMax,
      refusal: 'Too many sign-ins wait for the directory. Try again later.',
    })
  }

  /**
   * Who it is, when the password is right and they may sign in. `undefined` for everything else: nobody of that name,
   * or more than one, a wrong or empty password, none of the required groups. When the directory knows nobody of the
   * name, it is asked for `knownId`: who has had that name here until now.
   */
  async authenticate(
    name: string,
    password: string,
    knownId?: string,
  ): Promise<ExternalIdentity | undefined> {
    if (!isUsableName(name) || password === '') return undefined
    if (Buffer.byteLength(password) > passwordBytesMax || password.includes('\0')) return undefined
    return this.#ask(async (connection) => {
      const entry =
        (await this.#findByName(connection, name)) ??
        (knownId === undefined ? undefined : await this.#findById(connection, knownId))
      if (entry === undefined) return undefined
      try {
        await connection.bind(entry.dn, password)
      } catch (error) {
        if (error instanceof ResultCodeError && refusals.has(error.code)) return undefined
        throw error
      }
      await connection.bindForSearch()
      return this.#identityOf(connection, entry)
    })
  }

  /** Who has this name and may sign in. */
  async lookup(name: string): Promise<ExternalIdentity | undefined> {
    if (!isUsableName(name)) return undefined
    return this.#ask(async (connection) => {
      const entry = await this.#findByName(connection, name)
      return entry && this.#identityOf(connection, entry)
    })
  }

  /** Those of these external ids whose users are still there and may still sign in, with what is true of them now. */
  async lookupAll(externalIds: readonly string[]): Promise<Map<string, ExternalIdentity>> {
    return this.#ask(async (connection) => {
      const found = new Map<string, ExternalIdentity>()
      for (const id of externalIds) {
        const entry = await this.#findById(connection, id)
        const identity = entry && (await this.#identityOf(connection, entry))
        if (identity) found.set(id, identity)
      }
      return found
    })
  }

  async #findByName(connection: LdapConnection, name: string): Promise<Entry | undefined> {
    const { nameAttribute } = this.#settings
    const byName = new EqualityFilter({ attribute: nameAttribute, value: name })
    const entry = await this.#find(connection, byName)
    if (entry === undefined) return undefined
    // A directory overlooks more than case: spaces, wide letters, invisible ones. Then one account would have many
    // names, and guesses at its password would be counted for each of them.
    const names = valuesOf(entry, nameAttribute).map((value) => value.toLowerCase())
    return names.includes(name.toLowerCase()) ? entry : undefined
  }

  async #findById(connection: LdapConnection, id: string): Promise<Entry | undefined> {
    const { idAttribute } = this.#settings
    const value = this.#hasBinaryId ? Buffer.from(id, 'hex') : id
    const entry = await this.#find(
      connection,
      new EqualityFilter({ attribute: idAttribute, value }),
    )
    return entry !== undefined && this.#idOf(entry) === id ? entry : undefined
  }

  /** The one user that matches. */
  async #find(connection: LdapConnection, filter: Filter): Promise<Entry | undefined> {
    const { userBase = '', userScope, nameAttribute, idAttribute } = this.#settings
    const { displayNameAttribute, emailAttribute } = this.#settings
    const entries = await connection.search(userBase, {
      scope: userScope,
      filter: new AndFilter({ filters: [this.#userFilter, filter] }),
      attributes: [
        nameAttribute,
        idAttribute,
        displayNameAttribute,
        emailAttribute,
        ...this.#groups.attributes,
      ],
      sizeLimit: 2,
    })
    return entries.length === 1 ? entries[0] : undefined
  }

  async #identityOf(
    connection: LdapConnection,
    entry: Entry,
  ): Promise<ExternalIdentity | undefined> {
    const { nameAttribute, displayNameAttribute, emailAttribute } = this.#settings
    const preferredName = readText(valuesOf(entry, nameAttribute)[0])
    const groups = readGroups(await this.#groups.groupsOf(connection, entry))
    if (preferredName === undefined || groups === undefined) return undefined
    if (!isAdmitted(groups, this.#settings.requiredGroups)) return undefined
    return {
      source: ldapSource,
      externalId: this.#idOf(entry),
      preferredName,
      displayName: readText(valuesOf(entry, displayNameAttribute)[0]),
      email: readText(valuesOf(entry, emailAttribute)[0]),
      groups,
      role: mappedRole(groups, this.#settings.roleMappings),
    }
  }

  get #hasBinaryId(): boolean {
    return this.#settings.idAttribute.toLowerCase() === 'objectguid'
  }

  #idOf(entry: Entry): string {
    const { idAttribute } = this.#settings
    const key = Object.keys(entry).find((name) => name.toLowerCase() === idAttribute.toLowerCase())
    const value = key === undefined ? undefined : [entry[key] ?? []].flat()[0]
    if (value === undefined || value.length === 0) {
      throw new Error(
        `A user of the directory has no attribute ${idAttribute}, see access.ldap.idAttribute.`,
      )
    }
    if (!this.#hasBinaryId) return value.toString('utf8')
    return (Buffer.isBuffer(value) ? value : Buffer.from(value)).toString('hex')
  }

  /** Runs `work` on the first server that can be talked to, signed in for searching. */
  #ask<T>(work: (connection: LdapConnection) => Promise<T>): Promise<T> {
    return this.#gate.run(async () => {
      const { urls } = this.#settings
      let failure: unknown
      for (let tried = 0; tried < urls.length; tried += 1) {
        const index = (this.#preferred + tried) % urls.length
        try {
          const result = await withLdapConnection(
            this.#settings,
            urls[index] ?? '',
            async (connection) => {
              await connection.bindForSearch()
              return work(connection)
            },
          )
          this.#preferred = index
          return result
        } catch (error) {
          failure = error
          if (error instanceof ResultCodeError && !serverTroubles.has(error.code)) break
        }
      }
      throw new BerthError('unavailable', 'The directory does not answer. Try again later.', {
        cause: failure,
      })
    })
  }
}

function isUsableName(name: string): boolean {
  return name !== '' && name.length <= nameLengthMax && !/[\p{C}\s]/u.test(name)
}
