import { BerthError } from '../errors.ts'
import type { Database } from '../metadata/database.ts'
import {
  findIdempotencyKey,
  insertIdempotencyKey,
  removeExpiredIdempotencyKeys,
  removeIdempotencyKey,
  storeIdempotentAnswer,
  trimIdempotencyKeys,
} from '../metadata/idempotency-keys.ts'

/** A request that carries a key: whose, which one, and a digest of all that it asks for. */
export type KeyedRequest = {
  readonly actorId: string
  readonly key: string
  /** SHA-256 in hex. */
  readonly requestHash: string
}

/** An answer as it was given the first time. `headers` are names and values in turn. */
export type KeptAnswer = {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: string
}

const keptMilliseconds = 24 * 60 * 60 * 1000
/** A request that is under way for longer has died with its server; its key may be used again. */
const underWayMilliseconds = 2 * 60 * 1000
const keysPerActorMax = 1000
const answerCharactersMax = 64 * 1024
const removedAtOnce = 500
const retryAfterSeconds = 2

/**
 * Lets a client repeat a request whose answer it did not get, without doing the work twice: the answer to a request with
 * a key is kept for 24 hours and given again (draft-ietf-httpapi-idempotency-key-header). Of each caller the last 1000 are kept.
 */
export class IdempotencyKeys {
  readonly #database: Database
  readonly #now: () => number

  constructor(parts: { database: Database; now: () => number }) {
    this.#database = parts.database
    this.#now = parts.now
  }

  /**
   * Takes the key. `undefined`: go on, then call `keep` or `release`; otherwise the answer to give again. Throws `conflict`
   * when the key was used for another request, when that request is still under way, or when its answer was not kept.
   */
  begin(request: KeyedRequest): Promise<KeptAnswer | undefined> {
    const { actorId, key, requestHash } = request
    const now = this.#now()
    const nowText = new Date(now).toISOString()
    return this.#database.transaction(async (tx) => {
      const expiresAt = new Date(now + underWayMilliseconds).toISOString()
      const taken = { actorId, key, requestHash, expiresAt }
      if (await insertIdempotencyKey(tx, taken)) {
        await trimIdempotencyKeys(tx, actorId, keysPerActorMax)
        return undefined
      }
      const found = await findIdempotencyKey(tx, actorId, key)
      if (found === undefined || found.expiresAt <= nowText) {
        await removeIdempotencyKey(tx, actorId, key)
        await insertIdempotencyKey(tx, taken)
        return undefined
      }
      if (found.requestHash !== requestHash) throw usedOtherwise()
      if (found.status === null) throw stillUnderWay()
      if (found.headers === null || found.body === null) throw notKept()
      return {
        status: found.status,
        headers: JSON.parse(found.headers) as string[],
        body: found.body,
      }
    })
  }

  /** Keeps the answer; without one, or with one too long, only that the request was carried out. */
  async keep(request: KeyedRequest, status: number, answer: KeptAnswer | undefined): Promise<void> {
    const isKept = answer !== undefined && answer.body.length <= answerCharactersMax
    await this.#database.transaction((tx) =>
      storeIdempotentAnswer(tx, request.actorId, request.key, {
        status,
        headers: isKept ? JSON.stringify(answer.headers) : null,
        body: isKept ? answer.body : null,
        expiresAt: new Date(this.#now() + keptMilliseconds).toISOString(),
      }),
    )
  }

  /** The request changed nothing: the key may be used again. */
  async release(request: KeyedRequest): Promise<void> {
    await this.#database.transaction((tx) => removeIdempotencyKey(tx, request.actorId, request.key))
  }

  /** Removes keys that have expired; returns how many. Call it every few minutes. */
  async removeExpired(): Promise<number> {
    let removed = 0
    for (;;) {
      const now = new Date(this.#now()).toISOString()
      const portion = await this.#database.transaction((tx) =>
        removeExpiredIdempotencyKeys(tx, now, removedAtOnce),
      )
      removed += portion
      if (portion < removedAtOnce) return removed
    }
  }
}

function usedOtherwise(): BerthError {
  return new BerthError(
    'conflict',
    'The Idempotency-Key was used with another request before; a new request needs a new key.',
    { details: [{ reason: 'keyUsedOtherwise' }] },
  )
}

function stillUnderWay(): BerthError {
  return new BerthError('conflict', 'The first request with this Idempotency-Key is under way.', {
    details: [{ reason: 'underWay', retryAfterSeconds }],
  })
}

function notKept(): BerthError {
  return new BerthError(
    'conflict',
    'The request with this Idempotency-Key was carried out. Its answer is not kept: a secret is shown once.',
    { details: [{ reason: 'answerNotKept' }] },
  )
}
