import { LRUCache } from 'lru-cache'
import type { Actor, Role } from '../actor.ts'
import type { Database, PreparedRead } from '../metadata/database.ts'
import { prepareUserById, type StoredUser } from '../metadata/users.ts'
import { type AccessTokens, invalidToken } from './access-tokens.ts'
import { readBasicCredentials } from './basic-credentials.ts'
import { type Caller, roleCaller, tokenCaller } from './caller.ts'
import type { Credentials } from './credentials.ts'
import type { Grants } from './scopes.ts'

/** A token whose signature was checked, and what was last seen of its user. */
type KnownToken = {
  readonly userId: string | undefined
  readonly fingerprint: string
  readonly grants: Grants
  readonly expiresAt: number
  /** The stored hash that the fingerprint was found to match. */
  passwordHash: string | undefined
  caller: Caller | undefined
}

const tokensMax = 10_000
/** Of `Authorization` headers held as keys: a token for many repositories is long. */
const tokenCharactersMax = 16 * 1024 * 1024

/**
 * Turns an `Authorization` header into a caller.
 *
 * A token's signature is checked once; its user's row is read for every request, so that disabling, deleting,
 * demoting a user or changing the password counts from the next request on, however long the token would last.
 */
export class Authenticator {
  readonly #accessTokens: AccessTokens
  readonly #credentials: Credentials
  readonly #findUser: PreparedRead<{ id: string }, StoredUser>
  readonly #anonymousActor: Actor
  readonly #anonymous: Caller
  readonly #now: () => number
  /** By the whole header, so that a hit costs no cutting. */
  readonly #tokens = new LRUCache<string, KnownToken>({
    max: tokensMax,
    maxSize: tokenCharactersMax,
    sizeCalculation: (_, header) => header.length,
  })

  constructor(parts: {
    database: Database
    credentials: Credentials
    accessTokens: AccessTokens
    anonymousRole: Role | undefined
    now: () => number
  }) {
    this.#accessTokens = parts.accessTokens
    this.#credentials = parts.credentials
    this.#findUser = prepareUserById(parts.database)
    this.#anonymousActor = {
      kind: 'anonymous',
      id: 'anonymous',
      name: 'anonymous',
      role: parts.anonymousRole,
    }
    this.#anonymous = roleCaller(this.#anonymousActor, 'none')
    this.#now = parts.now
  }

  /**
   * Accepts Bearer and Basic; no header is a caller without credentials. Throws `unauthenticated` with a reason in the
   * details: `invalidToken`, `invalidCredentials` or `unknownScheme`; `rateLimited` when too many passwords are being checked.
   */
  async authenticate(authorization: string | undefined): Promise<Caller> {
    if (authorization === undefined) return this.#anonymous
    const token = this.#tokens.get(authorization) ?? (await this.#learn(authorization))
    return token === undefined ? this.#withPassword(authorization) : this.#withToken(token)
  }

  async #withToken(token: KnownToken): Promise<Caller> {
    if (token.expiresAt <= this.#now()) throw invalidToken()
    if (token.userId === undefined) {
      token.caller ??= tokenCaller(this.#anonymousActor, token.grants)
      return token.caller
    }
    const user = await this.#findUser.first({ id: token.userId })
    if (user === undefined || user.disabledAt !== null) throw invalidToken()
    if (user.passwordHash !== token.passwordHash) {
      if (this.#accessTokens.fingerprint(user) !== token.fingerprint) throw invalidToken()
      token.passwordHash = user.passwordHash
    }
    if (token.caller?.actor.role !== user.role) {
      token.caller = tokenCaller(userActor(user), token.grants)
    }
    return token.caller
  }

  /** Checks a bearer token not seen before; `undefined` when the header holds none. */
  async #learn(authorization: string): Promise<KnownToken | undefined> {
    const token = /^bearer +(\S+)$/i.exec(authorization)?.[1]
    if (token === undefined) return undefined
    const verified = await this.#accessTokens.verify(token, this.#now())
    const known: KnownToken = { ...verified, passwordHash: undefined, caller: undefined }
    this.#tokens.set(authorization, known)
    return known
  }

  async #withPassword(authorization: string): Promise<Caller> {
    const { name, password } = readBasicCredentials(authorization)
    const user = await this.#credentials.check(name, password)
    return roleCaller(userActor(user), 'password')
  }
}

function userActor(user: StoredUser): Actor {
  return { kind: 'user', id: user.id, name: user.name, role: user.role }
}
