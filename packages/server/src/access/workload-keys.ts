import { readFile, stat } from 'node:fs/promises'
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import * as z from 'zod'
import { BerthError } from '../errors.ts'

/** Part of `WorkloadIssuer`: where the keys come from. */
export type KeySource = {
  readonly issuer: string
  readonly jwksUrl?: string | undefined
  readonly jwksFile?: string | undefined
}

/** `Outbound.fetch`, which connects to nothing that the operator does not allow. */
export type FetchKeys = (
  url: string,
  request: { redirect: 'manual'; signal: AbortSignal; maxBytes: number },
) => Promise<Response>

type KeySet = ReturnType<typeof createLocalJWKSet>

const freshMs = 600_000
/** Whoever sends tokens with made-up key ids makes Berth ask this often at most. */
const retryMs = 10_000
/** While the issuer does not answer, what it said last counts for so long. */
const staleMs = 86_400_000
const timeoutMs = 5_000
const bytesMax = 512 * 1024

/** What a key must hold, `jose` checks; each costs a little for every token. */
const keySetShape = z.object({
  keys: z.array(z.custom<JSONWebKeySet['keys'][number]>(isRecord)).max(100),
})
const discoveryShape = z.object({ issuer: z.string(), jwks_uri: z.string().max(2048) })

/** The public keys of one issuer, remembered for ten minutes and looked up again for a key id that is new. */
export class WorkloadKeys {
  readonly #source: KeySource
  readonly #fetch: FetchKeys
  readonly #now: () => number
  #keys: KeySet | undefined
  /** When the keys were last learned, and when that was last tried. */
  #learnedAt = Number.NEGATIVE_INFINITY
  #triedAt = Number.NEGATIVE_INFINITY
  #learning: Promise<void> | undefined

  constructor(parts: { source: KeySource; fetch: FetchKeys; now: () => number }) {
    this.#source = parts.source
    this.#fetch = parts.fetch
    this.#now = parts.now
  }

  /**
   * The key that the header names by `kid`, or the only one of its kind; never one that the token brings along. Throws an
   * error of `jose` when there is none, `unavailable` when the issuer's keys cannot be had.
   */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const keys = await this.#current()
    try {
      return await keys(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !this.#mayTry()) throw error
      await this.#learn()
      return (this.#keys ?? keys)(header, token)
    }
  }

  async #current(): Promise<KeySet> {
    // A file costs little, and there is no key id that would tell of a new one.
    const lifetime = this.#source.jwksFile === undefined ? freshMs : retryMs
    if (this.#now() - this.#learnedAt >= lifetime && this.#mayTry()) await this.#learn()
    else await this.#learning
    if (this.#keys && this.#now() - this.#learnedAt < staleMs) return this.#keys
    throw new BerthError(
      'unavailable',
      'The public keys of the issuer of this token cannot be had at the moment. Try again.',
    )
  }

  #mayTry(): boolean {
    return this.#learning !== undefined || this.#now() - this.#triedAt >= retryMs
  }

  /** Never rejects: without an answer the keys stay as they are. Those who come meanwhile wait for the same answer. */
  #learn(): Promise<void> {
    this.#triedAt = this.#learning === undefined ? this.#now() : this.#triedAt
    this.#learning ??= this.#load()
      .then((keys) => {
        this.#keys = keys
        this.#learnedAt = this.#triedAt
      })
      .catch(() => undefined)
      .finally(() => {
        this.#learning = undefined
      })
    return this.#learning
  }

  async #load(): Promise<KeySet> {
    const { jwksFile } = this.#source
    const text =
      jwksFile === undefined ? await this.#get(await this.#url()) : await readSmall(jwksFile)
    return createLocalJWKSet(keySetShape.parse(JSON.parse(text)))
  }

  /** OpenID Connect Discovery 1.0, section 4. */
  async #url(): Promise<string> {
    const { issuer, jwksUrl } = this.#source
    if (jwksUrl !== undefined) return jwksUrl
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
    const document = discoveryShape.parse(JSON.parse(await this.#get(url)))
    if (document.issuer !== issuer) throw new Error('It describes another issuer.')
    const { protocol, origin } = new URL(document.jwks_uri)
    if (protocol === 'https:' || origin === new URL(issuer).origin) return document.jwks_uri
    throw new Error('It names keys that anybody on the way could change.')
  }

  async #get(url: string): Promise<string> {
    const signal = AbortSignal.timeout(timeoutMs)
    const answer = await this.#fetch(url, { redirect: 'manual', signal, maxBytes: bytesMax })
    if (answer.status !== 200) throw new Error(`It answered ${answer.status}.`)
    return answer.text()
  }
}

async function readSmall(file: string): Promise<string> {
  if ((await stat(file)).size > bytesMax) throw new Error('It is too large.')
  return readFile(file, 'utf8')
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}
