import { createHmac, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { BerthError } from '../errors.ts'
import type { Database, PreparedRead } from '../metadata/database.ts'
import { replacePasswordHash } from '../metadata/password-hashes.ts'
import { prepareUserByName, type StoredUser } from '../metadata/users.ts'
import { addressBlockOf } from './address-block.ts'
import type { LoginThrottle } from './login-throttle.ts'
import { isOutdatedHash, type Passwords } from './passwords.ts'
import type { Refusals } from './refusals.ts'
import type { SecondFactorCodes } from './second-factor-codes.ts'

/** Checks passwords that are kept elsewhere: a directory. */
export interface ExternalPasswords {
  /**
   * The user here that name and password belong to there, made or brought up to date by this; `undefined` when the
   * pair is wrong there. Throws `unavailable` when it cannot be told: that counts as no guess.
   */
  authenticate(name: string, password: string): Promise<StoredUser | undefined>
}

/** Where a directory keeps the passwords of users, their rows have this source. */
const externalSource = 'ldap'

const verifiedMax = 10_000
/** A password that is changed while it is checked is checked again, but not for ever. */
const roundsMax = 3

/** A pair that was right. `code`: what became of the second factor. */
type Match = { readonly user: StoredUser; readonly code: 'notNeeded' | 'needed' | 'given' }

/**
 * Checks a name and a password. Clients send both again with every request or token, and a hash is made to be slow,
 * so a pair that was right is remembered for the address that it came from, as a keyed digest together with the stored
 * hash it was checked against: the user's row is read each time, and after a change of password the memory no longer
 * fits. What is not remembered is a guess, and goes through the throttle.
 */
export class Credentials {
  readonly #parts: CredentialParts
  readonly #findUser: PreparedRead<{ name: string }, StoredUser>
  /** The digest of a pair, and until when it counts, in milliseconds since 1970. */
  readonly #verified = new LRUCache<string, number>({ max: verifiedMax })
  /** Checks under way, so that a client that opens ten connections at once costs one hash. */
  readonly #checking = new Map<string, Promise<Match>>()
  readonly #key = randomBytes(32)

  constructor(parts: CredentialParts) {
    this.#parts = parts
    this.#findUser = prepareUserByName(parts.database)
  }

  /**
   * The user that the name and the password belong to, for clients that have nothing but these to send.
   * Throws `unauthenticated` with reason `invalidCredentials` for a wrong pair or a disabled user, and, once the pair was
   * right, `secondFactorRequired` for a user who needs a code as well; `rateLimited` after too many wrong guesses
   * (reason `tooManyFailures`) or when too many are being checked.
   */
  async check(name: string, password: string, address: string): Promise<StoredUser> {
    const found = await this.#find(name)
    const key = this.#pairKey(found, name, password, address)
    const until = this.#verified.get(key)
    if (found !== undefined && until !== undefined && until > this.#parts.now()) {
      if (found.disabledAt !== null) throw wrongCredentials()
      if (await this.#parts.codes.isActive(found.id)) throw apiKeyNeeded()
      return found
    }
    const { user, code } = await this.#checkOnce(key, { name, password, address, found })
    if (code !== 'notNeeded') throw apiKeyNeeded()
    const lasts = isExternal(user)
      ? this.#parts.now() + (this.#parts.externalVerifiedMs ?? 0)
      : Infinity
    this.#verified.set(this.#pairKey(user, name, password, address), lasts)
    return user
  }

  /**
   * As `check`, for a person who can type a code too: of an authenticator app, or a recovery code. Each is good once.
   * Throws `unauthenticated`, once the password was right, with reason `secondFactorRequired` without a code and
   * `secondFactorInvalid` for a wrong one, which counts as a wrong guess.
   */
  async checkWithCode(input: {
    name: string
    password: string
    code: string | undefined
    address: string
    requestId: string
  }): Promise<StoredUser> {
    const { user, code } = await this.#guess({ ...input, found: await this.#find(input.name) })
    if (code === 'needed') throw codeNeeded()
    return user
  }

  #find(name: string): Promise<StoredUser | undefined> {
    // PostgreSQL cannot even be asked for such a name.
    return name.includes('\0') ? Promise.resolve(undefined) : this.#findUser.first({ name })
  }

  #checkOnce(key: string, guess: Guess): Promise<Match> {
    const underWay = this.#checking.get(key)
    if (underWay) return underWay
    const check = this.#guess(guess).finally(() => this.#checking.delete(key))
    this.#checking.set(key, check)
    return check
  }

  async #guess(guess: Guess): Promise<Match> {
    const { throttle, refusals } = this.#parts
    const { name, address, requestId = '' } = guess
    let hasWrongCode = false
    try {
      const attempt = { name, userId: guess.found?.id, address }
      const match = await throttle.guess(attempt, async () => {
        const user = await this.#verify(guess)
        if (user === undefined || user.disabledAt !== null) return undefined
        const code = await this.#checkCode(user, guess.code)
        hasWrongCode = code === 'wrong'
        return code === 'wrong' ? undefined : { user, code }
      })
      if (match === undefined) throw hasWrongCode ? codeWrong() : wrongCredentials()
      // With the password alone nobody has signed in yet.
      if (match.code !== 'needed') await throttle.noteSuccess(match.user.id, address)
      return match
    } catch (error) {
      const reason = error instanceof BerthError && error.details[0]?.['reason']
      if (typeof reason === 'string') await refusals.note({ name, address, requestId, reason })
      throw error
    }
  }

  async #checkCode(user: StoredUser, code: string | undefined): Promise<Match['code'] | 'wrong'> {
    const { codes } = this.#parts
    if (!(await codes.isActive(user.id))) return 'notNeeded'
    if (code === undefined) return 'needed'
    return (await codes.redeem(user.id, code)) ? 'given' : 'wrong'
  }

  /** The user, if the password is right; disabled ones too. */
  async #verify({ name, password, found }: Guess): Promise<StoredUser | undefined> {
    const { passwords, external } = this.#parts
    if (external !== undefined && (found === undefined || isExternal(found))) {
      // The hash is for nobody: the directory must not be quicker to answer than Berth.
      const [user] = await Promise.all([
        external.authenticate(name, password),
        passwords.verify(password, undefined),
      ])
      return user
    }
    let user = found
    for (let round = 0; round < roundsMax; round += 1) {
      if (!(await passwords.verify(password, user?.passwordHash)) || user === undefined) {
        return undefined
      }
      // Checking takes a while; what changed meanwhile counts.
      const current = await this.#findUser.first({ name })
      if (current?.id !== user.id) return undefined
      if (current.passwordHash === user.passwordHash) {
        const strong = await this.#strengthen(current, password)
        if (strong !== undefined) return strong
      }
      user = await this.#findUser.first({ name })
    }
    return undefined
  }

  /**
   * Stores a hash of today's kind in the place of an older one, now that the password is at hand. Sessions and stored
   * logins last: they hang on the user. Bearer tokens are tied to the hash, and clients fetch their next one a little
   * earlier, once. Users of an htpasswd file keep the hash that stands there. `undefined` when somebody was quicker.
   */
  async #strengthen(user: StoredUser, password: string): Promise<StoredUser | undefined> {
    const { database, passwords } = this.#parts
    const { passwordHash: before } = user
    if (user.source !== 'local' || user.disabledAt !== null || !isOutdatedHash(before)) return user
    try {
      const after = await passwords.rehash(password)
      const isReplaced = await database.transaction((tx) =>
        replacePasswordHash(tx, user.id, { before, after }),
      )
      return isReplaced ? { ...user, passwordHash: after } : undefined
    } catch (error) {
      // A full disk, or too many logins at once. The next sign-in tries again.
      if (!(error instanceof BerthError)) throw error
      return user
    }
  }

  #pairKey(user: StoredUser | undefined, name: string, password: string, address: string): string {
    const owner = user === undefined ? `?${name}` : `${user.id}\0${user.passwordHash}`
    return createHmac('sha256', this.#key)
      .update(`${owner}\0${addressBlockOf(address)}\0${password}`)
      .digest('base64url')
  }
}

type Guess = {
  readonly name: string
  readonly password: string
  readonly address: string
  /** The user of this name, as far as there is one. */
  readonly found: StoredUser | undefined
  readonly code?: string | undefined
  readonly requestId?: string
}

type CredentialParts = {
  readonly database: Database
  readonly passwords: Passwords
  readonly throttle: LoginThrottle
  readonly codes: SecondFactorCodes
  readonly refusals: Refusals
  readonly external?: ExternalPasswords | undefined
  /** A directory does not tell when a password changes there, so a pair that was right is asked again after so long. */
  readonly externalVerifiedMs?: number
  readonly now: () => number
}

function isExternal(user: StoredUser): boolean {
  return user.source === externalSource
}

function wrongCredentials(): BerthError {
  return new BerthError(
    'unauthenticated',
    'The user name or the password is wrong, or the user is disabled.',
    { details: [{ reason: 'invalidCredentials' }] },
  )
}

function apiKeyNeeded(): BerthError {
  return new BerthError(
    'unauthenticated',
    'This user signs in with a second factor, so the password alone is not enough here. Make an API key and use it as the password.',
    { details: [{ reason: 'secondFactorRequired' }] },
  )
}

function codeNeeded(): BerthError {
  return new BerthError(
    'unauthenticated',
    'The code of the second factor is missing: six digits of the authenticator app, or a recovery code.',
    { details: [{ field: 'code', reason: 'secondFactorRequired' }] },
  )
}

function codeWrong(): BerthError {
  return new BerthError(
    'unauthenticated',
    'The code is wrong, has expired or was used before. Give the one that the app shows now, or a recovery code.',
    { details: [{ field: 'code', reason: 'secondFactorInvalid' }] },
  )
}
