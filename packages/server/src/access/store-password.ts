import { BerthError } from '../errors.ts'
import { removeLogins, type StoredUser, updateUser } from '../metadata/users.ts'
import type { Change } from './changes.ts'
import { toUser, type User, userEvent } from './user-record.ts'

/**
 * Stores a new password and ends the user's logins, except for the session to keep. Throws `conflict` for a user from
 * outside.
 */
export async function storePassword(
  { tx, record }: Change,
  user: StoredUser,
  passwordHash: string,
  keepSessionId?: string,
): Promise<User> {
  refuseOutside(user, 'password')
  await updateUser(tx, user.id, { passwordHash })
  await removeLogins(tx, user.id, keepSessionId)
  await record(userEvent('user.passwordChanged', user.name))
  return toUser({ ...user, passwordHash, version: user.version + 1 })
}

/** Throws when another source says what the password, or name and email, of the user are. */
export function refuseOutside({ name, source }: StoredUser, what: 'password' | 'profile'): void {
  if (source === 'local') return
  const named = what === 'password' ? 'password' : 'display name and email'
  throw new BerthError(
    'conflict',
    `The ${named} of ${name} is managed outside (${source}). Change it there.`,
    { details: [{ reason: 'managedOutside', source }] },
  )
}
