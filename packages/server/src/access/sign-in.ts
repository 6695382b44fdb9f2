import { BerthError } from '../errors.ts'
import type { Database, PreparedRead } from '../metadata/database.ts'
import { prepareUserById, type StoredUser } from '../metadata/users.ts'
import type { Caller } from './caller.ts'
import type { ChangeContext } from './changes.ts'
import type { Credentials } from './credentials.ts'
import type { NewSession, Sessions } from './sessions.ts'
import { toUser, type User } from './user-record.ts'

/** Who signs in from a browser, and out again. */
export class SignIn {
  readonly #credentials: Credentials
  readonly #sessions: Sessions
  readonly #findUser: PreparedRead<{ id: string }, StoredUser>

  constructor(parts: { database: Database; credentials: Credentials; sessions: Sessions }) {
    this.#credentials = parts.credentials
    this.#sessions = parts.sessions
    this.#findUser = prepareUserById(parts.database)
  }

  /**
   * Starts a session with a password, and a code where the user has a second factor. Throws what
   * `Credentials.checkWithCode` throws.
   */
  async signIn(input: {
    name: string
    password: string
    code: string | undefined
    address: string
    userAgent: string
    secure: boolean
    requestId: string
  }): Promise<{ user: User; session: NewSession }> {
    const user = await this.#credentials.checkWithCode(input)
    const session = await this.#sessions.create({
      userId: user.id,
      method: user.source === 'ldap' ? 'ldap' : 'password',
      address: input.address,
      userAgent: input.userAgent,
      secure: input.secure,
      passwordHash: user.passwordHash,
      requestId: input.requestId,
    })
    return { user: toUser(user), session }
  }

  /** Ends the session of the caller; without one there is nothing to end. */
  async signOut(caller: Caller, context: ChangeContext): Promise<void> {
    if (caller.sessionId === undefined) return
    try {
      await this.#sessions.revoke(context, caller.actor.id, caller.sessionId)
    } catch (error) {
      // Ended by somebody else a moment ago.
      if (!(error instanceof BerthError) || error.kind !== 'notFound') throw error
    }
  }

  /** The user behind a caller; `undefined` for a machine. */
  async userOf(caller: Caller): Promise<User | undefined> {
    if (caller.actor.kind !== 'user') return undefined
    const user = await this.#findUser.first({ id: caller.actor.id })
    return user && toUser(user)
  }
}
