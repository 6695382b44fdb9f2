import { createHash, randomBytes } from 'node:crypto'
import { BerthError } from '../errors.ts'
import type { Database } from '../metadata/database.ts'
import {
  findRefreshToken,
  insertRefreshToken,
  touchRefreshToken,
  trimRefreshTokens,
} from '../metadata/refresh-tokens.ts'
import { lockUser } from '../metadata/users.ts'
import type { AccessTokens } from './access-tokens.ts'
import type { CertificateSubjects } from './certificate-subjects.ts'
import type { CertificateIdentity } from './client-certificates.ts'
import type { Identified } from './identified.ts'
import type { Identification } from './identify.ts'
import type { Permissions } from './permissions.ts'
import { formatSubject, secretsOf, type Subject } from './principal.ts'
import { RequestCaller } from './request-caller.ts'
import { formatScopes, type Grants, grantScopes } from './scopes.ts'

export type TokenRequest = {
  /** `undefined`: a caller without credentials, who gets what is open to anyone. */
  readonly credentials:
    | { readonly name: string; readonly password: string }
    | { readonly refreshToken: string }
    /** A token of another issuer (RFC 8693). */
    | { readonly subjectToken: string }
    /** A verified client certificate. */
    | { readonly certificate: CertificateIdentity }
    | undefined
  /** The client's address, looked up only when something depends on it. */
  readonly address: () => string
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
  /** Only for a token exchange (RFC 8693, section 2.2.1). */
  readonly issued_token_type?: string
  /** What was granted, which may be less than what was asked. */
  readonly scope: string
}

type TokenOptions = {
  readonly tokenLifetimeSeconds: number
  readonly refreshTokenLifetimeDays: number
}

const refreshTokenPrefix = 'berth_refresh_'
const refreshTokenGrammar = /^berth_refresh_[A-Za-z0-9_-]{43}$/
/** Every `docker login` leaves one behind; beyond this the one unused for longest goes. */
const refreshTokensPerUser = 5_000
const clientIdMax = 128
/** Whom a token without credentials is for. */
const nobody = { subject: { kind: 'anonymous' }, secretHash: '' } as const
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
  readonly #identification: Identification
  readonly #permissions: Permissions
  readonly #certificates: CertificateSubjects
  readonly #accessTokens: AccessTokens
  readonly #options: TokenOptions
  readonly #now: () => number

  constructor(parts: {
    database: Database
    identification: Identification
    permissions: Permissions
    certificates: CertificateSubjects
    accessTokens: AccessTokens
    options: TokenOptions
    now: () => number
  }) {
    this.#database = parts.database
    this.#identification = parts.identification
    this.#permissions = parts.permissions
    this.#certificates = parts.certificates
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
    if (credentials === undefined) return this.#respond(nobody, request)
    if ('certificate' in credentials) {
      return this.#respond(
        { subject: await this.#certificates.find(credentials.certificate) },
        request,
      )
    }
    if ('subjectToken' in credentials) {
      const workload = await this.#identification.identifyWorkload(credentials.subjectToken)
      const response = await this.#respond(workload, request)
      return { ...response, issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' }
    }
    if ('refreshToken' in credentials) {
      const user = await this.#redeem(credentials.refreshToken)
      const response = await this.#respond(
        { subject: { kind: 'user', id: user.id }, secretHash: user.passwordHash },
        request,
      )
      // The same token again: a client's parallel requests must not sign one another out.
      return request.offline ? { ...response, refresh_token: credentials.refreshToken } : response
    }
    const { name, password } = credentials
    const identified = await this.#identification.identify(name, password, request.address())
    const response = await this.#respond(identified, request)
    // A key or a robot is a stored login already: there is nothing that a refresh token would spare.
    if (!request.offline || identified.kind !== 'password') return response
    return { ...response, refresh_token: await this.#createRefreshToken(identified, request) }
  }

  async #respond(
    {
      subject,
      secretHash,
      expiresAt,
      grants,
    }: { subject: Subject; secretHash?: string; expiresAt?: number; grants?: Grants },
    request: TokenRequest,
  ): Promise<TokenResponse> {
    const principal = await this.#permissions.principal(subject)
    if (principal === undefined) throw refusedWhileChanging()
    const owner = new RequestCaller(
      { permissions: this.#permissions, now: this.#now },
      { subject, principal, credentials: 'password', grants },
      request,
    )
    const access = await grantScopes(request.scopes, {
      may: async (action, repository) => owner.may(action, repository),
      mayList: owner.mayInstance('catalog'),
    })
    // Tokens count in whole seconds.
    const issuedAt = Math.floor(this.#now() / 1000) * 1000
    const lifetimeSeconds = Math.min(
      this.#options.tokenLifetimeSeconds,
      expiresAt === undefined ? Infinity : Math.floor((expiresAt - issuedAt) / 1000),
    )
    const token = await this.#accessTokens.sign({
      subject: formatSubject(subject),
      secretHash: secretHash ?? secretsOf(principal)[0] ?? '',
      access,
      issuedAt,
      lifetimeSeconds,
    })
    return {
      token,
      access_token: token,
      expires_in: lifetimeSeconds,
      issued_at: new Date(issuedAt).toISOString(),
      scope: formatScopes(access),
    }
  }

  async #createRefreshToken(identified: Identified, { clientId }: TokenRequest): Promise<string> {
    const { subject, secretHash: passwordHash } = identified
    if (subject.kind !== 'user') throw refusedWhileChanging()
    const user = { id: subject.id, passwordHash }
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
  async #redeem(refreshToken: string): Promise<{ id: string; passwordHash: string }> {
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
