import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { verify as verifyBcryptHash } from '@node-rs/bcrypt'
import { BerthError } from '../errors.ts'
import { Gate } from './gate.ts'

const passwordCharactersMin = 12
const passwordBytesMax = 256
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

  /** Hashes a new password with argon2id, as a PHC string. Throws `requestInvalid` when it is too short or too long. */
  async hash(password: string): Promise<string> {
    checkNewPassword(password)
    const salt = randomBytes(saltBytes)
    const tag = await this.#gate.run(() =>
      deriveKey('argon2id', { message: password, nonce: salt, tagLength: tagBytes, ...cost }),
    )
    return formatArgon2(salt, tag)
  }

  /**
   * Whether the password belongs to the stored hash: argon2id as made here, or bcrypt as imported. Without a hash
   * (no such user) the answer is `false` and takes as long. Throws `rateLimited`.
   */
  async verify(password: string, storedHash: string | undefined): Promise<boolean> {
    if (Buffer.byteLength(password) > passwordBytesMax) return false
    if (storedHash === undefined || !bcryptHash.test(storedHash)) {
      return this.#verifyArgon2(password, storedHash ?? this.#nobody)
    }
    // Also checked against nobody, so that a cheap bcrypt hash does not tell which users were imported.
    const [matches] = await Promise.all([
      this.#verifyBcrypt(password, storedHash),
      this.#verifyArgon2(password, this.#nobody),
    ])
    return matches
  }

  async #verifyArgon2(password: string, storedHash: string): Promise<boolean> {
    const parts = argon2Hash.exec(storedHash)
    if (!parts) throw new Error('A stored password hash has a form that Berth never writes.')
    const [, memory, passes, parallelism, salt = '', tag = ''] = parts
    const expected = Buffer.from(tag, 'base64')
    const derived = await this.#gate.run(() =>
      deriveKey('argon2id', {
        message: password,
        nonce: Buffer.from(salt, 'base64'),
        tagLength: expected.length,
        memory: Number(memory),
        passes: Number(passes),
        parallelism: Number(parallelism),
      }),
    )
    return timingSafeEqual(derived, expected)
  }

  async #verifyBcrypt(password: string, storedHash: string): Promise<boolean> {
    if (Buffer.byteLength(password) > bcryptBytesMax) return false
    return this.#gate.run(() => verifyBcryptHash(password, storedHash))
  }
}

/** Throws `requestInvalid` (reason `passwordInvalid`) unless the password has at least 12 characters and at most 256 bytes. */
function checkNewPassword(password: string): void {
  const fault =
    password.length < passwordCharactersMin
      ? `The password is shorter than ${passwordCharactersMin} characters. Choose a longer one.`
      : Buffer.byteLength(password) > passwordBytesMax
        ? `The password is longer than ${passwordBytesMax} bytes. Choose a shorter one.`
        : /\p{Cc}/u.test(password)
          ? 'The password holds a control character, such as a line break or a tab. Leave it out.'
          : undefined
  if (fault !== undefined) {
    throw new BerthError('requestInvalid', fault, { details: [{ reason: 'passwordInvalid' }] })
  }
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
