import { randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { RequestContext } from '../actor.ts'
import { BerthError } from '../errors.ts'
import { insertAuditEntry } from '../metadata/audit-entries.ts'
import type { Database } from '../metadata/database.ts'
import {
  countDeviceAuthorizations,
  findPendingByUserCode,
  insertDeviceAuthorization,
  lockByDeviceCode,
  removeDeviceAuthorization,
  removeExpiredDeviceAuthorizations,
  settleDeviceAuthorization,
  type StoredDeviceAuthorization,
  touchDeviceAuthorization,
} from '../metadata/device-authorizations.ts'
import { addressBlockOf } from './address-block.ts'
import type { ChangeContext } from './changes.ts'
import {
  hashCode,
  isDeviceCode,
  makeDeviceCode,
  makeUserCode,
  readUserCode,
} from './device-codes.ts'

/** What a program is told whose request was not, or not yet, granted; the names of RFC 8628, 3.5, and RFC 6749, 5.2. */
export type DeviceError =
  | 'authorization_pending'
  | 'slow_down'
  | 'access_denied'
  | 'expired_token'
  | 'invalid_grant'

export type DeviceGrant = {
  readonly userName: string
  /** An API key. */
  readonly secret: string
  /** ISO 8601. */
  readonly expiresAt: string
}

type DeviceFlowParts = {
  readonly database: Database
  /** Makes the key that the program gets. */
  readonly createKey: (
    key: { readonly userId: string; readonly name: string; readonly expiresAt: string },
    from: Pick<RequestContext, 'address' | 'requestId'>,
  ) => Promise<{ readonly secret: string; readonly userName: string }>
  readonly now: () => number
}

const lifetimeSeconds = 600
const intervalSeconds = 5
/** How much longer a program has to wait each time that it asks too early. */
const slowDownSeconds = 5
const intervalMax = 60
const keyLifetimeMs = 90 * 86_400_000

const pendingMax = 10_000
const pendingPerAddress = 20
const wrongCodesMax = 10
const wrongCodesMs = 600_000
const watchedUsersMax = 10_000
/** Two equal codes at once are as good as impossible. */
const attemptsMax = 5

/**
 * Signs in a command line that has no browser (RFC 8628): it shows a short code, a person who is signed in types that
 * code and agrees, and the program gets an API key of theirs. Works for every kind of user, since Berth itself answers.
 */
export class DeviceFlow {
  readonly #parts: DeviceFlowParts
  /** Guesses at codes, by user; on this node. */
  readonly #guesses = new LRUCache<string, { count: number; readonly until: number }>({
    max: watchedUsersMax,
  })

  constructor(parts: DeviceFlowParts) {
    this.#parts = parts
  }

  /**
   * Begins. `clientName` is what the program calls itself: nobody has checked it. Throws `rateLimited` when too many
   * are under way.
   */
  async start(request: { clientName: string; address: string }): Promise<{
    deviceCode: string
    userCode: string
    expiresIn: number
    interval: number
  }> {
    const addressBlock = addressBlockOf(request.address)
    const deviceCode = makeDeviceCode()
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const userCode = makeUserCode()
      const isInserted = await this.#parts.database.relaxedTransaction(async (tx) => {
        await removeExpiredDeviceAuthorizations(tx, this.#timestamp())
        const { all, ofBlock } = await countDeviceAuthorizations(tx, addressBlock)
        if (all >= pendingMax || ofBlock >= pendingPerAddress) throw tooManyPending()
        return insertDeviceAuthorization(tx, {
          deviceCodeHash: hashCode(deviceCode),
          userCodeHash: hashCode(userCode),
          clientName: request.clientName,
          address: request.address,
          addressBlock,
          userId: null,
          state: 'pending',
          polledAt: null,
          intervalSeconds,
          expiresAt: this.#timestamp(lifetimeSeconds * 1000),
        })
      })
      if (isInserted) {
        return { deviceCode, userCode, expiresIn: lifetimeSeconds, interval: intervalSeconds }
      }
    }
    throw new Error('Several random codes in a row were taken.')
  }

  /**
   * What a code stands for, to be shown before somebody agrees. Throws `notFound` for a wrong code, `rateLimited` after
   * ten within ten minutes.
   */
  async inspect(
    userId: string,
    userCode: string,
  ): Promise<Pick<StoredDeviceAuthorization, 'clientName' | 'address' | 'expiresAt'>> {
    const { clientName, address, expiresAt } = await this.#guess(userId, userCode, (hash) =>
      findPendingByUserCode(this.#parts.database.read, hash, this.#timestamp()),
    )
    return { clientName, address, expiresAt }
  }

  /**
   * Grants or denies what the code stands for, as the user who asks. Only for who has shown a password or a session: a
   * key or a token, which may be able to do less, must not make itself a better one. Throws as `inspect`.
   */
  async settle(
    context: ChangeContext,
    answer: { userCode: string; approve: boolean },
  ): Promise<void> {
    const { actor } = context
    const state = answer.approve ? 'approved' : 'denied'
    await this.#guess(actor.id, answer.userCode, (hash) =>
      this.#parts.database.transaction(async (tx) => {
        await context.check?.(tx)
        const now = this.#timestamp()
        const settled = await settleDeviceAuthorization(tx, hash, { state, userId: actor.id, now })
        if (settled === undefined) return undefined
        const { clientName, address } = settled
        await insertAuditEntry(
          tx,
          context,
          {
            action: `device.${state}`,
            targetKind: 'user',
            target: actor.name,
            project: '',
            after: { clientName, address },
          },
          now,
        )
        return settled
      }),
    )
  }

  /** What the program gets that asks with its device code. A grant is handed out once. */
  async redeem(
    deviceCode: string,
    from: Pick<RequestContext, 'address' | 'requestId'>,
  ): Promise<{ error: DeviceError } | { grant: DeviceGrant }> {
    if (!isDeviceCode(deviceCode)) return { error: 'invalid_grant' }
    const answer = await this.#parts.database.transaction((tx) =>
      this.#poll(tx, hashCode(deviceCode)),
    )
    if ('error' in answer) return answer
    // Only now: whatever happens to this key, the code is used up.
    const expiresAt = this.#timestamp(keyLifetimeMs)
    const name = keyName(answer.approved.clientName)
    const { secret, userName } = await this.#parts.createKey(
      { userId: answer.approved.userId, name, expiresAt },
      from,
    )
    return { grant: { secret, userName, expiresAt } }
  }

  async #poll(
    tx: Parameters<Parameters<Database['transaction']>[0]>[0],
    hash: string,
  ): Promise<{ error: DeviceError } | { approved: { userId: string; clientName: string } }> {
    const found = await lockByDeviceCode(tx, hash)
    if (found === undefined) return { error: 'invalid_grant' }
    const now = this.#parts.now()
    if (Date.parse(found.expiresAt) <= now) {
      await removeDeviceAuthorization(tx, hash)
      return { error: 'expired_token' }
    }
    const { polledAt, userId, clientName } = found
    const isEarly = polledAt !== null && now < Date.parse(polledAt) + found.intervalSeconds * 1000
    if (isEarly || found.state === 'pending') {
      await touchDeviceAuthorization(tx, hash, {
        polledAt: this.#timestamp(),
        intervalSeconds: Math.min(
          found.intervalSeconds + (isEarly ? slowDownSeconds : 0),
          intervalMax,
        ),
      })
      return { error: isEarly ? 'slow_down' : 'authorization_pending' }
    }
    await removeDeviceAuthorization(tx, hash)
    if (found.state === 'denied' || userId === null) return { error: 'access_denied' }
    return { approved: { userId, clientName } }
  }

  /** Looks something up by a user code. Counted before it is known to be wrong, so that many at once are no way around. */
  async #guess<T>(
    userId: string,
    userCode: string,
    find: (hash: string) => Promise<T | undefined>,
  ): Promise<T> {
    const now = this.#parts.now()
    const known = this.#guesses.get(userId)
    const guesses =
      known !== undefined && known.until > now ? known : { count: 0, until: now + wrongCodesMs }
    this.#guesses.set(userId, guesses)
    if (guesses.count >= wrongCodesMax) {
      throw new BerthError('rateLimited', 'Too many wrong codes. Try again in ten minutes.', {
        details: [{ retryAfterSeconds: Math.ceil((guesses.until - now) / 1000) }],
      })
    }
    guesses.count += 1
    const code = readUserCode(userCode)
    const found = code === undefined ? undefined : await find(hashCode(code))
    if (found === undefined) {
      throw new BerthError('notFound', 'No device waits with this code. Codes last ten minutes.')
    }
    guesses.count -= 1
    return found
  }

  #timestamp(offsetMs = 0): string {
    return new Date(this.#parts.now() + offsetMs).toISOString()
  }
}

/** A name that no other key of the user has, and that tells where it came from. */
function keyName(clientName: string): string {
  const readable = clientName
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .slice(0, 40)
  return `device-${readable}-${randomBytes(4).toString('hex')}`
}

function tooManyPending(): BerthError {
  return new BerthError('rateLimited', 'Too many devices wait to be signed in. Try again later.', {
    details: [{ retryAfterSeconds: 60 }],
  })
}
