import { LRUCache } from 'lru-cache'
import { BerthError } from '../errors.ts'
import { type AccessTokens, invalidToken } from './access-tokens.ts'
import { readBasicCredentials } from './basic-credentials.ts'
import type { CredentialKind } from './caller.ts'
import { type Identification, isApiKey } from './identify.ts'
import type { Permissions } from './permissions.ts'
import { formatSubject, parseSubject, secretsOf, type Subject } from './principal.ts'
import { type Proof, RequestCaller } from './request-caller.ts'
import type { Grants } from './scopes.ts'
import type { CertificateSubjects } from './certificate-subjects.ts'
import type { CertificateIdentity } from './client-certificates.ts'
import type { Sessions } from './sessions.ts'

/** What a request shows of who sends it. */
export type Presented = {
  readonly authorization: string | undefined
  readonly cookie?: string | undefined
  /** The user or robot that the client's certificate stands for, once it was verified. */
  readonly certificate?: CertificateIdentity | undefined
  /** The client's address, looked up only when something depends on it. */
  address(): string
}

/** A token whose signature was checked, and the principal it was last found good for. */
type KnownToken = {
  readonly subject: Subject
  readonly key: string
  readonly fingerprint: string
  readonly grants: Grants
  readonly expiresAt: number
  /** Whom it was last found good for. */
  proof: Proof | undefined
}

const tokensMax = 10_000
/** Of `Authorization` headers held as keys: a token for many repositories is long. */
const tokenCharactersMax = 16 * 1024 * 1024

const anonymous: Subject = { kind: 'anonymous' }

/**
 * Turns what a request shows into a caller.
 *
 * A token's signature is checked once; whether its subject still may anything is asked for every request, so that
 * disabling, deleting, demoting or a new password counts from the next request on, however long the token would last.
 */
export class Authenticator {
  readonly #accessTokens: AccessTokens
  readonly #identification: Identification
  readonly #permissions: Permissions
  readonly #sessions: Sessions
  readonly #certificates: CertificateSubjects
  readonly #now: () => number
  readonly #callerParts: { readonly permissions: Permissions; readonly now: () => number }
  /** By the whole header, so that a hit costs no cutting. */
  readonly #tokens = new LRUCache<string, KnownToken>({
    max: tokensMax,
    maxSize: tokenCharactersMax,
    sizeCalculation: (_, header) => header.length,
  })

  constructor(parts: {
    accessTokens: AccessTokens
    identification: Identification
    permissions: Permissions
    sessions: Sessions
    certificates: CertificateSubjects
    now: () => number
  }) {
    this.#accessTokens = parts.accessTokens
    this.#identification = parts.identification
    this.#permissions = parts.permissions
    this.#sessions = parts.sessions
    this.#certificates = parts.certificates
    this.#now = parts.now
    this.#callerParts = { permissions: parts.permissions, now: parts.now }
  }

  /**
   * Accepts Bearer (a token of the token service, or an API key) and Basic, else a session cookie, else a client
   * certificate; with none of them it is a caller without credentials. Throws `unauthenticated` with a reason in the
   * details: `invalidToken`, `invalidCredentials`, `secondFactorRequired`, `unknownScheme`; `rateLimited` for guesses.
   */
  authenticate(presented: Presented): Promise<RequestCaller> {
    const { authorization } = presented
    if (authorization === undefined) return this.#withoutHeader(presented)
    const token = this.#tokens.get(authorization)
    return token ? this.#withToken(token, presented) : this.#withHeader(authorization, presented)
  }

  async #withHeader(authorization: string, presented: Presented): Promise<RequestCaller> {
    const token = await this.#learn(authorization)
    if (token !== undefined) return this.#withToken(token, presented)
    const bearer = bearerOf(authorization)
    if (bearer !== undefined) {
      const { subject } = await this.#identification.identifyKey(bearer)
      return this.#callerFor(subject, 'key', presented, invalidToken)
    }
    const { name, password } = readBasicCredentials(authorization)
    const { subject, kind, grants } = await this.#identification.identify(
      name,
      password,
      presented.address(),
    )
    return this.#callerFor(subject, kind, presented, goneMeanwhile, grants)
  }

  async #withToken(token: KnownToken, presented: Presented): Promise<RequestCaller> {
    if (token.expiresAt <= this.#now()) throw invalidToken()
    const { proof } = token
    const permissions = this.#permissions
    const epoch = proof && (await permissions.epoch())
    if (proof !== undefined && permissions.isFresh(proof.principal, epoch?.value)) {
      return new RequestCaller(this.#callerParts, proof, presented)
    }
    token.proof = await this.#prove(token)
    return new RequestCaller(this.#callerParts, token.proof, presented)
  }

  /** Whom the token stands for now. Throws `unauthenticated` when its subject is gone or has another secret. */
  async #prove({ subject, key, fingerprint, grants }: KnownToken): Promise<Proof> {
    const principal = await this.#permissions.principal(subject, key)
    const isGood =
      principal &&
      secretsOf(principal).some((hash) => this.#accessTokens.fingerprint(key, hash) === fingerprint)
    if (!isGood) throw invalidToken()
    return { subject, principal, credentials: 'token', grants }
  }

  async #withoutHeader(presented: Presented): Promise<RequestCaller> {
    const { cookie, certificate } = presented
    const session = cookie === undefined ? undefined : await this.#sessions.authenticate(cookie)
    if (session !== undefined) {
      const subject: Subject = { kind: 'user', id: session.userId }
      const principal = await this.#permissions.principal(subject)
      if (principal !== undefined) {
        const { sessionId } = session
        const proof: Proof = { subject, principal, credentials: 'session', sessionId }
        return new RequestCaller(this.#callerParts, proof, presented)
      }
    }
    if (certificate !== undefined) {
      const subject = await this.#certificates.find(certificate)
      return this.#callerFor(subject, 'certificate', presented, goneMeanwhile)
    }
    return this.#callerFor(anonymous, 'none', presented, invalidToken)
  }

  async #callerFor(
    subject: Subject,
    credentials: CredentialKind,
    presented: Presented,
    refusal: () => BerthError,
    grants?: Grants,
  ): Promise<RequestCaller> {
    const principal = await this.#permissions.principal(subject)
    if (principal === undefined) throw refusal()
    const proof: Proof = { subject, principal, credentials, grants }
    return new RequestCaller(this.#callerParts, proof, presented)
  }

  /** Checks a bearer token not seen before; `undefined` when the header holds none of the token service. */
  async #learn(authorization: string): Promise<KnownToken | undefined> {
    const token = bearerOf(authorization)
    if (token === undefined || isApiKey(token)) return undefined
    const verified = await this.#accessTokens.verify(token, this.#now())
    const subject = parseSubject(verified.subject)
    if (subject === undefined) throw invalidToken()
    const { fingerprint, grants, expiresAt } = verified
    const key = formatSubject(subject)
    const known: KnownToken = { subject, key, fingerprint, grants, expiresAt, proof: undefined }
    this.#tokens.set(authorization, known)
    return known
  }
}

function bearerOf(authorization: string): string | undefined {
  return /^bearer +(\S+)$/i.exec(authorization)?.[1]
}

function goneMeanwhile(): BerthError {
  return new BerthError(
    'unauthenticated',
    'The user name or the password is wrong, or the user is disabled.',
    { details: [{ reason: 'invalidCredentials' }] },
  )
}
