import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { verify as verifyBcryptHash } from '@node-rs/bcrypt'
import { Gate } from './gate.ts'
import { checkPasswordRules, isTooLong, normalizePassword } from './password-rules.ts'

/** bcrypt looks at no more than this; what follows would not count. */
const bcryptBytesMax = 72

// OWASP's first choice for argon2id: 19 MiB, two passes, one lane. About 30 ms.
const cost = { memory: 19 * 1024, passes: 2, parallelism: 1 }
const saltBytes = 16
const tagBytes = 32

const deriveKey = promisify(argon2)

const argon2Hash =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/
const bcryptHash = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/

/**
 * Hashes and checks passwords. Each hash holds a processor and a thread of the pool that also serves the disk,
 * so only two run at once; 64 may wait, and beyond that a login answers `rateLimited`.
 */
export class Passwords {
  readonly #gate = new Gate({
    running: 2,
    waiting: 64,
    refusal: 'Too many logins are being checked at the moment. Try again in a few seconds.',
  })
  /** A hash that no password has, as costly to check as a real one. */
  readonly #nobody = formatArgon2(randomBytes(saltBytes), randomBytes(tagBytes))

  /**
   * Hashes a new password with argon2id, as a PHC string. Throws `requestInvalid` when it breaks a rule
   * (see `password-rules.ts`); `userName` is whose it will be.
   */
  async hash(password: string, userName?: string): Promise<string> {
    checkPasswordRules(password, userName)
    return this.#hashArgon2(password)
  }

  /**
   * The hash that takes the place of an older one of the same password, whose owner has just given it: no rule is asked
   * that the password was not chosen by.
   */
  async rehash(password: string): Promise<string> {
    return this.#hashArgon2(password)
  }

  /**
   * Whether the password belongs to the stored hash: argon2id as made here, or bcrypt as imported. Without a hash
   * (no such user, or none with a password here) the answer is `false` and takes as long. Throws `rateLimited`.
   */
  async verify(password: string, storedHash: string | undefined): Promise<boolean> {
    if (isTooLong(password)) return false
    if (!storedHash || !bcryptHash.test(storedHash)) {
      return this.#verifyArgon2(password, storedHash || this.#nobody)
    }
    // Also checked against nobody, so that a cheap bcrypt hash does not tell which users were imported.
    const [matches] = await Promise.all([
      this.#verifyBcrypt(password, storedHash),
      this.#verifyArgon2(password, this.#nobody),
    ])
    return matches
  }

  async #hashArgon2(password: string): Promise<string> {
    const salt = randomBytes(saltBytes)
    const message = normalizePassword(password)
    const tag = await this.#gate.run(() =>
      deriveKey('argon2id', { message, nonce: salt, tagLength: tagBytes, ...cost }),
    )
    return formatArgon2(salt, tag)
  }

  async #verifyArgon2(password: string, storedHash: string): Promise<boolean> {
    const parts = argon2Hash.exec(storedHash)
    if (!parts) throw new Error('A stored password hash has a form that Berth never writes.')
    const [, memory, passes, parallelism, salt = '', tag = ''] = parts
    const expected = Buffer.from(tag, 'base64')
    const derived = await this.#gate.run(() =>
      deriveKey('argon2id', {
        message: normalizePassword(password),
        nonce: Buffer.from(salt, 'base64'),
        tagLength: expected.length,
        memory: Number(memory),
        passes: Number(passes),
        parallelism: Number(parallelism),
      }),
    )
    return timingSafeEqual(derived, expected)
  }

  /** The bytes as they are: whoever made the hash elsewhere did not normalise. */
  async #verifyBcrypt(password: string, storedHash: string): Promise<boolean> {
    if (Buffer.byteLength(password) > bcryptBytesMax) return false
    return this.#gate.run(() => verifyBcryptHash(password, storedHash))
  }
}

/** Whether a hash is easier to guess at than those made here today: bcrypt, or argon2id with less memory or fewer passes. */
export function isOutdatedHash(storedHash: string): boolean {
  const [, memory, passes] = argon2Hash.exec(storedHash) ?? []
  return Number(memory ?? 0) < cost.memory || Number(passes ?? 0) < cost.passes
}

/** The cost factor of a bcrypt hash (`$2a$`, `$2b$`, `$2y$`), `undefined` for anything else. */
export function readBcryptCost(hash: string): number | undefined {
  const digits = bcryptHash.exec(hash)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

// 32 characters that are not taken for one another: no i, l, o, u (Crockford).
const readable = '0123456789abcdefghjkmnpqrstvwxyz'

/** A random password of 125 bits that can be read aloud: five groups of five, `k7m2q-…`. */
export function generatePassword(): string {
  const letters = Array.from(randomBytes(25), (byte) => readable.charAt(byte % readable.length))
  return Array.from({ length: 5 }, (_, group) =>
    letters.slice(group * 5, group * 5 + 5).join(''),
  ).join('-')
}

function formatArgon2(salt: Buffer, tag: Buffer): string {
  const unpadded = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '')
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${unpadded(salt)}$${unpadded(tag)}`
}
