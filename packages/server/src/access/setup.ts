import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { BerthError } from '../errors.ts'
import type { Database, Executor } from '../metadata/database.ts'
import {
  deleteSetupCodes,
  hasSignedIn,
  insertSetupCode,
  listSetupCodes,
  type SetupCode,
} from '../metadata/setup-codes.ts'
import { findUserById, findUserByName, type StoredUser, updateUser } from '../metadata/users.ts'
import { addressBlockOf } from './address-block.ts'
import type { AccessChanges } from './changes.ts'
import type { LoginThrottle } from './login-throttle.ts'
import type { Passwords } from './passwords.ts'
import type { NewSession, Sessions } from './sessions.ts'
import { storePassword } from './store-password.ts'
import { checkUserName } from './user-name.ts'
import { toUser, type User, userEvent } from './user-record.ts'

const codesKept = 5
const goodForMs = 24 * 60 * 60_000

type SetupParts = {
  readonly database: Database
  readonly changes: AccessChanges
  readonly passwords: Passwords
  readonly throttle: LoginThrottle
  readonly sessions: Sessions
  readonly now: () => number
}

/**
 * Lets whoever has started a new Berth take over its first administrator: with a code that each start prints until the
 * administrator has signed in. A code is good once, for 24 hours; only hashes are kept.
 */
export class Setup {
  readonly #parts: SetupParts
  /** Nobody can take over anything, and never will again. */
  #isOver = false

  constructor(parts: SetupParts) {
    this.#parts = parts
  }

  /**
   * At a start: a new code to be shown, while the administrator has a generated password and has not signed in.
   * `generatedFor` is the name of an administrator whom this very start has made so. On a full disk there is none.
   */
  async prepare(generatedFor: string | undefined): Promise<string | undefined> {
    const { database } = this.#parts
    const user =
      generatedFor === undefined
        ? await this.#untouched(database.read)
        : await findUserByName(database.read, generatedFor)
    if (user === undefined) return undefined
    const code = randomBytes(24).toString('base64url')
    const now = this.#parts.now()
    const row: SetupCode = {
      code_hash: hashOf(code),
      user_id: user.id,
      password_hash: user.passwordHash,
      created_at: new Date(now).toISOString(),
      expires_at: new Date(now + goodForMs).toISOString(),
    }
    try {
      await database.transaction((tx) => insertSetupCode(tx, row, codesKept))
    } catch (error) {
      // A registry that starts on a full disk serves pulls; a start with room makes the code.
      if (error instanceof BerthError && error.kind === 'storageFull') return undefined
      throw error
    }
    return code
  }

  /** Whether a code would be accepted now. */
  async isNeeded(): Promise<boolean> {
    if (this.#isOver) return false
    const codes = await listSetupCodes(this.#parts.database.read)
    this.#isOver = codes.length === 0
    if (!codes.some((code) => this.#isGood(code))) return false
    return (await this.#untouched(this.#parts.database.read)) !== undefined
  }

  /**
   * Gives the first administrator a password, and a name if there is one, and signs in. Throws `unauthenticated` (reason
   * `setupCodeWrong`) for whatever is wrong with the code, `rateLimited` after too many wrong ones, `requestInvalid` for
   * the name or the password, `alreadyExists`.
   */
  async finish(input: {
    code: string
    name: string | undefined
    password: string
    address: string
    userAgent: string
    secure: boolean
    requestId: string
  }): Promise<{ user: User; session: NewSession }> {
    const { changes, passwords, throttle, sessions } = this.#parts
    const { address, requestId } = input
    // Of its own for each address: guesses from elsewhere keep nobody out. No user has such a name.
    const guessed = `(set-up from ${addressBlockOf(address)})`
    const found = await throttle.guess({ name: guessed, userId: undefined, address }, () =>
      this.#redeem(this.#parts.database.read, input.code),
    )
    if (found === undefined) throw codeWrong()
    const name = input.name ?? found.name
    checkUserName(name)
    const passwordHash = await passwords.hash(input.password, name)
    const actor = { kind: 'user', id: found.id, name: found.name } as const
    const user = await changes.run({ actor, address, requestId }, async (change) => {
      // Two at once: the first one has it.
      const before = await this.#redeem(change.tx, input.code)
      if (before === undefined) throw codeWrong()
      if (name !== before.name) {
        if (await findUserByName(change.tx, name)) throw nameTaken(name)
        await updateUser(change.tx, before.id, { name })
        const renamed = { before: { name: before.name }, after: { name } }
        await change.record({ ...userEvent('user.renamed', before.name), ...renamed })
      }
      await storePassword(change, { ...before, name }, passwordHash)
      await deleteSetupCodes(change.tx, before.id)
      return findUserById(change.tx, before.id)
    })
    if (user === undefined) throw codeWrong()
    this.#isOver = true
    await throttle.noteSuccess(user.id, address)
    const session = await sessions.create({
      userId: user.id,
      method: 'password',
      address,
      userAgent: input.userAgent,
      secure: input.secure,
      passwordHash,
      requestId,
    })
    return { user: toUser(user), session }
  }

  /** Whom the code is for, if it is good. Every code is compared, to its end. */
  async #redeem(db: Executor, code: string): Promise<StoredUser | undefined> {
    const given = Buffer.from(hashOf(code))
    let isRight = false
    for (const row of await listSetupCodes(db)) {
      const isSame = timingSafeEqual(given, Buffer.from(row.code_hash))
      if (isSame && this.#isGood(row)) isRight = true
    }
    const user = await this.#untouched(db)
    return isRight ? user : undefined
  }

  /** The administrator whom codes are for, as long as nobody has signed in or set another password. */
  async #untouched(db: Executor): Promise<StoredUser | undefined> {
    const [code] = await listSetupCodes(db)
    const user = code && (await findUserById(db, code.user_id))
    if (code === undefined || user === undefined) return undefined
    const isUntouched =
      user.passwordHash === code.password_hash &&
      user.source === 'local' &&
      user.role === 'admin' &&
      user.disabledAt === null &&
      !(await hasSignedIn(db, user.id))
    return isUntouched ? user : undefined
  }

  #isGood(code: SetupCode): boolean {
    return Date.parse(code.expires_at) > this.#parts.now()
  }
}

/** A code has 192 bits by chance, so a quick hash is enough. */
function hashOf(code: string): string {
  return createHash('sha256').update(code).digest('hex')
}

function codeWrong(): BerthError {
  return new BerthError(
    'unauthenticated',
    'The code is wrong, was used or has expired. The server prints a new link when it is started again, until an administrator has signed in.',
    { details: [{ field: 'code', reason: 'setupCodeWrong' }] },
  )
}

function nameTaken(name: string): BerthError {
  return new BerthError('alreadyExists', `There is a user ${name} already.`, {
    details: [{ field: 'name', reason: 'userExists' }],
  })
}
