import { createHmac, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { BerthError } from '../errors.ts'
import type { Database, PreparedRead } from '../metadata/database.ts'
import { prepareUserByName, type StoredUser } from '../metadata/users.ts'
import type { Passwords } from './passwords.ts'

const verifiedMax = 10_000

/**
 * Checks a name and a password. Clients send both again with every request or token, and a hash is made to be slow,
 * so a pair that was right is remembered, as a keyed digest together with the stored hash it was checked against: the
 * user's row is read each time, and after a change of password the memory no longer fits.
 */
export class Credentials {
  readonly #passwords: Passwords
  readonly #findUser: PreparedRead<{ name: string }, StoredUser>
  readonly #verified = new LRUCache<string, true>({ max: verifiedMax })
  /** Checks under way, so that a client that opens ten connections at once costs one hash. */
  readonly #checking = new Map<string, Promise<boolean>>()
  readonly #key = randomBytes(32)

  constructor(database: Database, passwords: Passwords) {
    this.#passwords = passwords
    this.#findUser = prepareUserByName(database)
  }

  /**
   * The user that the name and the password belong to. Throws `unauthenticated` (reason `invalidCredentials`) for a
   * wrong pair or a disabled user, `rateLimited` when too many are being checked.
   */
  async check(name: string, password: string): Promise<StoredUser> {
    const user = await this.#findUser.first({ name })
    if (!user) {
      await this.#passwords.verify(password, undefined)
      throw wrongCredentials()
    }
    const key = createHmac('sha256', this.#key)
      .update(`${user.id}\0${user.passwordHash}\0${password}`)
      .digest('base64url')
    if (this.#verified.get(key)) return enabled(user)
    if (!(await this.#verifyOnce(key, password, user.passwordHash))) throw wrongCredentials()
    // Checking takes a while; what changed meanwhile counts.
    const current = await this.#findUser.first({ name })
    if (current?.id !== user.id || current.passwordHash !== user.passwordHash) {
      throw wrongCredentials()
    }
    this.#verified.set(key, true)
    return enabled(current)
  }

  #verifyOnce(key: string, password: string, storedHash: string): Promise<boolean> {
    const underWay = this.#checking.get(key)
    if (underWay) return underWay
    const check = this.#passwords
      .verify(password, storedHash)
      .finally(() => this.#checking.delete(key))
    this.#checking.set(key, check)
    return check
  }
}

function enabled(user: StoredUser): StoredUser {
  if (user.disabledAt !== null) throw wrongCredentials()
  return user
}

function wrongCredentials(): BerthError {
  return new BerthError(
    'unauthenticated',
    'The user name or the password is wrong, or the user is disabled.',
    { details: [{ reason: 'invalidCredentials' }] },
  )
}
