import { BerthError } from '../errors.ts'
import type { Database } from '../metadata/database.ts'
import { findUserById } from '../metadata/users.ts'
import type { AccessChanges, ChangeContext } from './changes.ts'
import type { Credentials } from './credentials.ts'
import type { Passwords } from './passwords.ts'
import { refuseOutside, storePassword } from './store-password.ts'

/** How a user changes the own password. */
export class OwnPassword {
  readonly #parts: {
    readonly database: Database
    readonly changes: AccessChanges
    readonly passwords: Passwords
    readonly credentials: Credentials
  }

  constructor(parts: {
    database: Database
    changes: AccessChanges
    passwords: Passwords
    credentials: Credentials
  }) {
    this.#parts = parts
  }

  /**
   * Sets the new password and ends all other logins; `keepSessionId` is that of the browser which asks. The current
   * password, and the code where there is a second factor, go through the throttle: whoever has found an open browser
   * must not be able to guess. Throws as `Credentials.checkWithCode` does, `requestInvalid` for a password that may not
   * be chosen, `notFound` when the caller is no user, `conflict` for a user from outside.
   */
  async changePassword(
    context: ChangeContext,
    passwords: {
      readonly current: string
      readonly code?: string | undefined
      readonly next: string
    },
    keepSessionId?: string,
  ): Promise<void> {
    const { database, changes, credentials } = this.#parts
    const { actor, address, requestId } = context
    const user = actor.kind === 'user' ? await findUserById(database.read, actor.id) : undefined
    if (!user) throw new BerthError('notFound', 'There is no such user.')
    refuseOutside(user, 'password')
    const { current: password, code } = passwords
    const checked = await credentials.checkWithCode({
      name: user.name,
      password,
      code,
      address,
      requestId,
    })
    const passwordHash = await this.#parts.passwords.hash(passwords.next, user.name)
    await changes.run(context, async (change) => {
      const stored = await findUserById(change.tx, user.id)
      // Checking takes a while; what changed meanwhile counts.
      if (stored?.passwordHash !== checked.passwordHash || stored.disabledAt !== null) {
        throw new BerthError('conflict', 'The user was changed at the same moment. Try again.')
      }
      await storePassword(change, stored, passwordHash, keepSessionId)
    })
  }
}
