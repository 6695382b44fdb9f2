import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { BerthError } from '../errors.ts'
import type { Database } from '../metadata/database.ts'
import {
  findKnownAddress,
  rememberAddress,
  removeUnusedAddresses,
} from '../metadata/known-addresses.ts'
import {
  blockSubject,
  countFailure,
  findThrottles,
  removeForgottenThrottles,
  removeThrottle,
  trimThrottles,
} from '../metadata/login-throttles.ts'
import { deleteSetupCodes } from '../metadata/setup-codes.ts'
import { addressBlockOf } from './address-block.ts'
import { GuessesUnderWay } from './guesses-under-way.ts'

/** Who is guessed at, from where. */
export type Attempt = {
  readonly name: string
  /** `undefined` for a name that nobody has. */
  readonly userId: string | undefined
  readonly address: string
}

type Failures = {
  readonly failures: number
  /** Milliseconds since 1970. */
  readonly blockedUntil: number
  readonly forgottenAt: number
}

/** A counter that an attempt stands under. */
type Subject = { readonly key: string; readonly free: number }

/** Failures that cost nothing. Many people share an address, and their mistakes add up. */
const freeFailures = { account: 5, knownAddress: 5, address: 20 }
const firstDelayMs = 1000
const longestDelayMs = 15 * 60_000
const forgottenAfterMs = 60 * 60_000
const knownAddressesPerUser = 20
const dayMs = 86_400_000
const knownForMs = 90 * dayMs

const rowsMax = 100_000
/** The table is looked over once in so many failures. */
const failuresPerTrim = 1000
const unwrittenMax = 10_000

/**
 * Slows down whoever guesses passwords. Failures are counted for the account, whoever asks, and for the address, whoever it
 * asks for; beyond a few each one doubles the time until the next guess is looked at, up to 15 minutes, and after an hour
 * without a failure all is forgotten. The counters are rows, so every node has the same; guesses that are being checked
 * count as failures until it is known, so that a thousand at once are no more than a few.
 *
 * Where a user has signed in before, the account has a counter of its own: guessing from elsewhere does not lock the
 * owner out. A name that nobody has is counted in the same way, so that the answers tell nothing about who exists.
 */
export class LoginThrottle {
  readonly #database: Database
  readonly #now: () => number
  readonly #underWay = new GuessesUnderWay()
  #failuresSinceTrim = 0
  /** Failures that the database could not take: a full disk must not open the door. */
  readonly #unwritten = new LRUCache<string, Failures>({ max: unwrittenMax })

  constructor(parts: { database: Database; now: () => number }) {
    this.#database = parts.database
    this.#now = parts.now
  }

  /**
   * Runs `check`, which answers `undefined` when the guess was wrong, and counts that. A throw counts as no guess.
   * Throws `rateLimited` (reason `tooManyFailures`, with `retryAfterSeconds`) without running it when there were too
   * many failures, also for the right password.
   */
  async guess<T>(attempt: Attempt, check: () => Promise<T | undefined>): Promise<T | undefined> {
    const subjects = await this.#subjectsOf(attempt)
    await this.#enter(subjects)
    try {
      const outcome = await check()
      if (outcome === undefined) await this.#countFailures(subjects)
      return outcome
    } finally {
      this.#underWay.finish(subjects.map(keyOf))
    }
  }

  /** The user has signed in from this address: it is theirs from now on, and what failed there before is forgotten. */
  async noteSuccess(userId: string, address: string): Promise<void> {
    const block = addressBlockOf(address)
    const now = this.#now()
    const known = await findKnownAddress(this.#database.read, userId, block)
    const failed = await findThrottles(this.#database.read, [knownKey(userId, block)])
    // Once a day is exact enough; clients sign in all day long.
    const isFresh = known !== undefined && Date.parse(known) > now - dayMs
    if (isFresh && failed.length === 0) return
    this.#unwritten.delete(knownKey(userId, block))
    try {
      await this.#database.relaxedTransaction(async (tx) => {
        if (failed.length > 0) await removeThrottle(tx, knownKey(userId, block))
        const limits = { now: timestamp(now), keep: knownAddressesPerUser }
        if (isFresh) return
        await rememberAddress(tx, userId, block, limits)
        // Whoever signs in needs no code to be let in.
        await deleteSetupCodes(tx, userId)
      })
    } catch (error) {
      // A full disk stops pushes; it must not stop the logins that pulls need.
      if (!(error instanceof BerthError)) throw error
    }
  }

  /** Removes up to `limit` counters and addresses that no longer matter; answers how many. */
  async removeExpired(limit: number): Promise<number> {
    const now = this.#now()
    const throttles = await this.#database.relaxedTransaction((tx) =>
      removeForgottenThrottles(tx, timestamp(now), limit),
    )
    const addresses = await this.#database.relaxedTransaction((tx) =>
      removeUnusedAddresses(tx, timestamp(now - knownForMs), limit),
    )
    return throttles + addresses
  }

  async #subjectsOf(attempt: Attempt): Promise<Subject[]> {
    const block = addressBlockOf(attempt.address)
    // Asked for nobody as well, which takes as long.
    const knownSince = await findKnownAddress(this.#database.read, attempt.userId ?? '', block)
    if (knownSince !== undefined && Date.parse(knownSince) > this.#now() - knownForMs) {
      return [{ key: knownKey(attempt.userId ?? '', block), free: freeFailures.knownAddress }]
    }
    return [
      { key: `account:${digest(attempt.name)}`, free: freeFailures.account },
      { key: `address:${block}`, free: freeFailures.address },
    ]
  }

  /** Takes a place under every subject, waiting for guesses under way where they decide. */
  async #enter(subjects: readonly Subject[]): Promise<void> {
    const keys = subjects.map(keyOf)
    for (;;) {
      // The place is taken before the failures are read: whatever was under way then is either counted here or read.
      const before = this.#underWay.take(keys)
      let state: 'free' | 'busy' | 'blocked' = 'blocked'
      let retryAfterMs = firstDelayMs
      try {
        const failed = await this.#readFailures(subjects)
        const now = this.#now()
        // Those that are free cost nothing on a node either whose clock is behind that of the one that counted them.
        const delays = subjects.map(({ free }, index) => {
          const { failures, blockedUntil } = failed[index] ?? none
          return failures < free ? 0 : blockedUntil - now
        })
        retryAfterMs = Math.max(...delays)
        if (retryAfterMs <= 0) {
          const isFree = subjects.every(({ free }, index) => {
            const underWay = before[index] ?? 0
            return underWay === 0 || underWay + (failed[index]?.failures ?? 0) < free
          })
          state = isFree ? 'free' : 'busy'
        }
      } finally {
        if (state === 'busy') this.#underWay.pause(keys)
        if (state === 'blocked') this.#underWay.abandon(keys)
      }
      if (state === 'free') return
      if (state === 'blocked') throw tooManyFailures(retryAfterMs)
      if (!(await this.#underWay.waitForOne(keys))) throw tooManyFailures(firstDelayMs)
    }
  }

  async #readFailures(subjects: readonly Subject[]): Promise<Failures[]> {
    const now = this.#now()
    const rows = await findThrottles(
      this.#database.read,
      subjects.map(({ key }) => key),
    )
    return subjects.map(({ key }) => {
      const row = rows.find(({ subject }) => subject === key)
      const stored: Failures = row
        ? {
            failures: row.failures,
            blockedUntil: Date.parse(row.blockedUntil),
            forgottenAt: Date.parse(row.forgottenAt),
          }
        : none
      const unwritten = this.#unwritten.get(key) ?? none
      const failures = unwritten.failures > stored.failures ? unwritten : stored
      return failures.forgottenAt > now ? failures : none
    })
  }

  async #countFailures(subjects: readonly Subject[]): Promise<void> {
    const now = this.#now()
    const forgottenAt = now + forgottenAfterMs
    try {
      await this.#database.relaxedTransaction(async (tx) => {
        for (const { key, free } of subjects) {
          const times = { now: timestamp(now), forgottenAt: timestamp(forgottenAt) }
          const failures = await countFailure(tx, key, times)
          await blockSubject(tx, key, timestamp(now + delayAfter(failures, free)))
        }
      })
    } catch (error) {
      if (!(error instanceof BerthError)) throw error
      for (const { key, free } of subjects) {
        const failures = (this.#unwritten.get(key)?.failures ?? free) + 1
        const blockedUntil = now + delayAfter(failures, free)
        this.#unwritten.set(key, { failures, blockedUntil, forgottenAt })
      }
      return
    }
    this.#failuresSinceTrim += 1
    if (this.#failuresSinceTrim < failuresPerTrim) return
    this.#failuresSinceTrim = 0
    await trimThrottles(this.#database, rowsMax)
  }
}

const none: Failures = { failures: 0, blockedUntil: 0, forgottenAt: 0 }

function keyOf({ key }: Subject): string {
  return key
}

/** Milliseconds until the next guess is looked at. */
function delayAfter(failures: number, free: number): number {
  if (failures < free) return 0
  return Math.min(firstDelayMs * 2 ** Math.min(failures - free, 30), longestDelayMs)
}

function knownKey(userId: string, block: string): string {
  return `known:${userId}:${block}`
}

/** A stranger's text of any length, cut to a fixed one. */
function digest(name: string): string {
  return createHash('sha256').update(name).digest('base64url')
}

function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}

function tooManyFailures(retryAfterMs: number): BerthError {
  const retryAfterSeconds = Math.max(1, Math.ceil(retryAfterMs / 1000))
  return new BerthError(
    'rateLimited',
    `Too many wrong passwords came for this name or from this address. Try again in ${retryAfterSeconds} ${retryAfterSeconds === 1 ? 'second' : 'seconds'}.`,
    { details: [{ reason: 'tooManyFailures', retryAfterSeconds }] },
  )
}
