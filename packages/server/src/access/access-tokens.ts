import { createHmac, hkdfSync, randomUUID } from 'node:crypto'
import { type CryptoKey, jwtVerify, SignJWT } from 'jose'
import { BerthError } from '../errors.ts'
import type { Database } from '../metadata/database.ts'
import { getOrCreateSecret } from '../metadata/secrets.ts'
import { type Grants, type ResourceAccess, toGrants } from './scopes.ts'

/**
 * Who issued a token and whom it is for. Both are fixed: what ties a token to one registry is the key, which never
 * leaves its database, while the host differs with the way a client takes (loopback, name, proxy).
 */
const issuer = 'berth'
const audience = 'berth-registry'
const algorithm = 'HS256'

/** Another node's clock may be a little behind. */
const clockSkewMs = 30_000

/** The claims that are read again. What has our signature has this shape. */
type Claims = { sub: string; exp: number; access: ResourceAccess[]; pwd: string }

/** What a token says once its signature has been checked. */
type VerifiedToken = {
  /** As `formatSubject` writes it; empty for a caller without credentials. */
  subject: string
  /** See `AccessTokens.fingerprint`. */
  fingerprint: string
  grants: Grants
  /** Milliseconds since 1970. */
  expiresAt: number
}

/** Signs and verifies the bearer tokens of this registry: JSON web tokens with the claims of CNCF distribution. */
export class AccessTokens {
  readonly #signingKey: CryptoKey
  readonly #fingerprintKey: Buffer

  private constructor(signingKey: CryptoKey, fingerprintKey: Buffer) {
    this.#signingKey = signingKey
    this.#fingerprintKey = fingerprintKey
  }

  /** All processes on one database share the key, so a token from one is good at every other. */
  static async open(database: Database): Promise<AccessTokens> {
    const secret = await getOrCreateSecret(database, 'access-token', 32)
    const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', secret, '', purpose, 32))
    const signingKey = await crypto.subtle.importKey(
      'raw',
      derive('sign'),
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['sign', 'verify'],
    )
    return new AccessTokens(signingKey, derive('fingerprint'))
  }

  /** `secretHash` is that of the secret that was presented; `issuedAt` is in milliseconds since 1970. */
  sign(token: {
    subject: string
    secretHash: string
    access: readonly ResourceAccess[]
    issuedAt: number
    lifetimeSeconds: number
  }): Promise<string> {
    const claims = { access: token.access, pwd: this.fingerprint(token.subject, token.secretHash) }
    return new SignJWT(claims)
      .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
      .setIssuer(issuer)
      .setSubject(token.subject)
      .setAudience(audience)
      .setIssuedAt(new Date(token.issuedAt))
      .setNotBefore(new Date(token.issuedAt - clockSkewMs))
      .setExpirationTime(new Date(token.issuedAt + token.lifetimeSeconds * 1000))
      .setJti(randomUUID())
      .sign(this.#signingKey)
  }

  /**
   * Throws `unauthenticated` (reason `invalidToken`) unless the token was signed here and is valid at `now`
   * (milliseconds since 1970). Nothing in the header chooses a key or an algorithm: `jwk`, `x5c`, `kid` are not read.
   */
  async verify(token: string, now: number): Promise<VerifiedToken> {
    let claims: Claims
    try {
      const { payload } = await jwtVerify<Claims>(token, this.#signingKey, {
        algorithms: [algorithm],
        typ: 'JWT',
        issuer,
        audience,
        requiredClaims: ['sub', 'exp', 'nbf', 'iat', 'jti', 'access', 'pwd'],
        currentDate: new Date(now),
      })
      claims = payload
    } catch (cause) {
      throw invalidToken(cause)
    }
    return {
      subject: claims.sub,
      fingerprint: claims.pwd,
      grants: toGrants(claims.access),
      expiresAt: claims.exp * 1000,
    }
  }

  /**
   * Ties a token to the secret that it was issued for: once the subject has another one, the fingerprint no longer
   * matches. Keyed, so a token gives nothing of the hash away.
   */
  fingerprint(subject: string, secretHash: string): string {
    return createHmac('sha256', this.#fingerprintKey)
      .update(`${subject}\0${secretHash}`)
      .digest('base64url')
      .slice(0, 22)
  }
}

/** The refusal of a bearer token, for whatever reason: clients then fetch a new one. */
export function invalidToken(cause?: unknown): BerthError {
  return new BerthError(
    'unauthenticated',
    'The bearer token is not valid or no longer valid. Fetch a new one.',
    { details: [{ reason: 'invalidToken' }], cause },
  )
}
