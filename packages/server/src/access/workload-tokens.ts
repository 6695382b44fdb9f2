import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose'
import { BerthError } from '../errors.ts'
import { type FetchKeys, type KeySource, WorkloadKeys } from './workload-keys.ts'

/** Whose tokens are believed; `WorkloadIssuer` of the settings. */
export type TrustedIssuer = KeySource & {
  readonly audience: string
  readonly algorithms: readonly string[]
  readonly maxTokenAgeSeconds: number
}

export type WorkloadToken = {
  readonly issuer: string
  readonly subject: string
  readonly claims: JWTPayload
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

const charactersMax = 16 * 1024
const subjectMax = 512
/** The issuer's clock may be a little ahead or behind. */
const clockSkewSeconds = 30

/** Checks JSON web tokens (RFC 7519) of the issuers that the operator trusts. */
export class WorkloadTokens {
  readonly #issuers: ReadonlyMap<string, { settings: TrustedIssuer; keys: WorkloadKeys }>
  readonly #now: () => number

  constructor(parts: {
    issuers: readonly TrustedIssuer[]
    fetch: FetchKeys
    now: () => number
  }) {
    this.#now = parts.now
    this.#issuers = new Map(
      parts.issuers.map((settings) => [
        settings.issuer,
        {
          settings,
          keys: new WorkloadKeys({ source: settings, fetch: parts.fetch, now: parts.now }),
        },
      ]),
    )
  }

  isTrusted(issuer: string): boolean {
    return this.#issuers.has(issuer)
  }

  /**
   * What the token says, once its signature, issuer, audience, times and age have been checked. Nothing in its header
   * chooses the algorithm, and no key in it counts (`jwk`, `x5c`, `jku`). Throws `unauthenticated` (reason
   * `invalidWorkloadToken`), `unavailable` when the issuer's keys cannot be had.
   */
  async verify(token: string): Promise<WorkloadToken> {
    const { settings, keys } = this.#issuerOf(token)
    try {
      const { payload } = await jwtVerify(token, keys.find, {
        algorithms: [...settings.algorithms],
        issuer: settings.issuer,
        audience: settings.audience,
        maxTokenAge: settings.maxTokenAgeSeconds,
        clockTolerance: clockSkewSeconds,
        requiredClaims: ['sub', 'exp', 'iat'],
        currentDate: new Date(this.#now()),
      })
      const { sub: subject = '', exp = 0 } = payload
      if (subject === '' || subject.length > subjectMax || /\p{Cc}/u.test(subject)) {
        throw refused(`its "sub" is not text of 1 to ${subjectMax} characters`)
      }
      return { issuer: settings.issuer, subject, claims: payload, expiresAt: exp * 1000 }
    } catch (error) {
      if (error instanceof BerthError) throw error
      throw refused(faultOf(error), error)
    }
  }

  /** By the `iss` that the token claims, which the signature must then bear out. */
  #issuerOf(token: string) {
    if (token.length > charactersMax) throw refused(`it has more than ${charactersMax} characters`)
    let claimed: string | undefined
    try {
      claimed = decodeJwt(token).iss
    } catch (error) {
      throw refused('it is not a signed JSON web token', error)
    }
    const issuer = this.#issuers.get(claimed ?? '')
    if (!issuer) throw refused('its issuer is not trusted here')
    return issuer
  }
}

/** The end of a sentence, in Berth's own words: those of the library may quote the token. */
function faultOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'it has expired, or is older than allowed'
  if (error instanceof errors.JWTClaimValidationFailed) {
    return `its claim "${error.claim}" is missing or not as it must be`
  }
  if (error instanceof errors.JOSEAlgNotAllowed)
    return 'it is signed with an algorithm that is not accepted'
  if (error instanceof errors.JWKSNoMatchingKey) return 'it names no key of its issuer'
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return 'it does not say which key of its issuer it is signed with'
  return 'its signature is not valid'
}

function refused(fault: string, cause?: unknown): BerthError {
  return new BerthError('unauthenticated', `The workload token is refused: ${fault}.`, {
    details: [{ reason: 'invalidWorkloadToken' }],
    ...(cause !== undefined && { cause }),
  })
}
