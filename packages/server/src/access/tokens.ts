import { createHash, randomBytes } from 'node:crypto'
import type { Role } from '../actor.ts'
import { BerthError } from '../errors.ts'
import type { Database } from '../metadata/database.ts'
import {
  findRefreshToken,
  insertRefreshToken,
  removeRefreshTokens,
  touchRefreshToken,
  trimRefreshTokens,
} from '../metadata/refresh-tokens.ts'
import { findUserByName, lockUser, type StoredUser } from '../metadata/users.ts'
import type { AccessTokens } from './access-tokens.ts'
import type { Credentials } from './credentials.ts'
import { formatScopes, grantScopes } from './scopes.ts'
import { userUnknown } from './users.ts'

export type TokenRequest = {
  /** `undefined`: a caller without credentials, who gets what `anonymousRole` allows. */
  readonly credentials:
    | { readonly name: string; readonly password: string }
    | { readonly refreshToken: string }
    | undefined
  /** Each value is one scope or several separated by spaces. */
  readonly scopes: readonly string[]
  /** Whether a refresh token is wanted too (`offline_token=true`, `access_type=offline`). */
  readonly offline: boolean
  /** What the client calls itself; kept with the refresh token. */
  readonly clientId: string
}

/** The body of the answer, under the names that clients know (CNCF distribution, "Token authentication"). */
type TokenResponse = {
  readonly token: string
  readonly access_token: string
  /** Seconds. */
  readonly expires_in: number
  /** RFC 3339. */
  readonly issued_at: string
  readonly refresh_token?: string
  /** What was granted, which may be less than what was asked. */
  readonly scope: string
}

type TokenOptions = {
  readonly anonymousRole: Role | undefined
  readonly tokenLifetimeSeconds: number
  readonly refreshTokenLifetimeDays: number
}

const refreshTokenPrefix = 'berth_refresh_'
const refreshTokenGrammar = /^berth_refresh_[A-Za-z0-9_-]{43}$/
/** Every `docker login` leaves one behind; beyond this the one unused for longest goes. */
const refreshTokensPerUser = 5_000
const clientIdMax = 128
const hourMs = 3_600_000
const dayMs = 24 * hourMs

/**
 * The token service: exchanges a password or a refresh token for a short-lived bearer token.
 *
 * The `service` that a client names is not looked at: it is the host that the client happened to use, and the
 * token is bound to this registry by its key (see `access-tokens.ts`).
 */
export class TokenService {
  readonly #database: Database
  readonly #credentials: Credentials
  readonly #accessTokens: AccessTokens
  readonly #options: TokenOptions
  readonly #now: () => number

  constructor(parts: {
    database: Database
    credentials: Credentials
    accessTokens: AccessTokens
    options: TokenOptions
    now: () => number
  }) {
    this.#database = parts.database
    this.#credentials = parts.credentials
    this.#accessTokens = parts.accessTokens
    this.#options = parts.options
    this.#now = parts.now
  }

  /**
   * Issues a token for what the caller may have of the scopes, possibly nothing.
   * Throws `unauthenticated` (reason `invalidCredentials` or `invalidRefreshToken`), `requestInvalid` for too many scopes, `rateLimited`.
   */
  async issue(request: TokenRequest): Promise<TokenResponse> {
    const { credentials } = request
    if (credentials === undefined) {
      return this.#respond(undefined, this.#options.anonymousRole, request.scopes, undefined)
    }
    if ('refreshToken' in credentials) {
      const user = await this.#redeem(credentials.refreshToken)
      // The same token again: a client's parallel requests must not sign one another out.
      const refreshToken = request.offline ? credentials.refreshToken : undefined
      return this.#respond(user, user.role, request.scopes, refreshToken)
    }
    const user = await this.#credentials.check(credentials.name, credentials.password)
    const refreshToken = request.offline
      ? await this.#createRefreshToken(user, request.clientId)
      : undefined
    return this.#respond(user, user.role, request.scopes, refreshToken)
  }

  /** Signs a user out everywhere; returns how many logins that ended. Throws `requestInvalid` (reason `userUnknown`). */
  async revokeRefreshTokens(name: string): Promise<number> {
    return this.#database.transaction(async (tx) => {
      const user = await findUserByName(tx, name)
      if (!user) throw userUnknown(name)
      return removeRefreshTokens(tx, user.id)
    })
  }

  async #respond(
    user: StoredUser | undefined,
    role: Role | undefined,
    scopes: readonly string[],
    refreshToken: string | undefined,
  ): Promise<TokenResponse> {
    const access = grantScopes(scopes, role)
    // Tokens count in whole seconds.
    const issuedAt = Math.floor(this.#now() / 1000) * 1000
    const lifetimeSeconds = this.#options.tokenLifetimeSeconds
    const token = await this.#accessTokens.sign({ user, access, issuedAt, lifetimeSeconds })
    return {
      token,
      access_token: token,
      expires_in: lifetimeSeconds,
      issued_at: new Date(issuedAt).toISOString(),
      ...(refreshToken !== undefined && { refresh_token: refreshToken }),
      scope: formatScopes(access),
    }
  }

  async #createRefreshToken(user: StoredUser, clientId: string): Promise<string> {
    const refreshToken = refreshTokenPrefix + randomBytes(32).toString('base64url')
    const now = this.#now()
    await this.#database.transaction(async (tx) => {
      if (!(await lockUser(tx, user))) throw refusedWhileChanging()
      await insertRefreshToken(tx, {
        tokenHash: hashToken(refreshToken),
        userId: user.id,
        clientId: clientId.slice(0, clientIdMax).replaceAll(/[^\x20-\x7e]/g, '?'),
        createdAt: timestamp(now),
        lastUsedAt: timestamp(now),
        expiresAt: this.#refreshTokenExpiry(now),
      })
      await trimRefreshTokens(tx, user.id, { now: timestamp(now), keep: refreshTokensPerUser })
    })
    return refreshToken
  }

  /** The user whom the refresh token belongs to. Its expiry moves on with use, written down once an hour at most. */
  async #redeem(refreshToken: string): Promise<StoredUser> {
    if (!refreshTokenGrammar.test(refreshToken)) throw invalidRefreshToken()
    const tokenHash = hashToken(refreshToken)
    const now = this.#now()
    const found = await findRefreshToken(this.#database.read, tokenHash)
    if (!found || found.expiresAt <= timestamp(now) || found.user.disabledAt !== null) {
      throw invalidRefreshToken()
    }
    if (found.lastUsedAt <= timestamp(now - hourMs)) {
      const times = { lastUsedAt: timestamp(now), expiresAt: this.#refreshTokenExpiry(now) }
      try {
        await this.#database.relaxedTransaction((tx) => touchRefreshToken(tx, tokenHash, times))
      } catch (error) {
        // A full disk stops pushes; it must not stop the logins that pulls need. The next use writes it down.
        if (!(error instanceof BerthError)) throw error
      }
    }
    return found.user
  }

  #refreshTokenExpiry(now: number): string {
    return timestamp(now + this.#options.refreshTokenLifetimeDays * dayMs)
  }
}

function hashToken(refreshToken: string): string {
  return createHash('sha256').update(refreshToken).digest('hex')
}

function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}

function invalidRefreshToken(): BerthError {
  return new BerthError(
    'unauthenticated',
    'The refresh token is not valid or no longer valid. Log in again.',
    { details: [{ reason: 'invalidRefreshToken' }] },
  )
}

function refusedWhileChanging(): BerthError {
  return new BerthError(
    'unauthenticated',
    'The user was changed during the login. Log in again with the current password.',
    { details: [{ reason: 'invalidCredentials' }] },
  )
}
