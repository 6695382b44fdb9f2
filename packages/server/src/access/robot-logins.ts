import { BerthError } from '../errors.ts'
import type { Database } from '../metadata/database.ts'
import { type StoredRobot, touchRobot } from '../metadata/robots.ts'
import { recordUse } from './last-use.ts'
import { hashSecret, isSameHash } from './machine-secret.ts'

/** Compared with where there is no robot, so that this takes as long. */
const nobody = '-'.repeat(64)

/** Tells robots by login and secret. */
export class RobotLogins {
  readonly #database: Database
  readonly #find: (login: string) => Promise<StoredRobot | undefined>
  readonly #now: () => number

  constructor(parts: {
    database: Database
    find: (login: string) => Promise<StoredRobot | undefined>
    now: () => number
  }) {
    this.#database = parts.database
    this.#find = parts.find
    this.#now = parts.now
  }

  /**
   * The robot and which of its secrets was shown. From which address it may come is for `limitsOfRobot` to say.
   * Throws `unauthenticated` (reason `invalidCredentials`) in the same words for an unknown login, a wrong secret, a
   * disabled and an expired robot.
   */
  async authenticate(
    login: string,
    secret: string,
  ): Promise<{ robotId: string; secretHash: string }> {
    // PostgreSQL cannot even be asked for such a login.
    const robot = login.includes('\0') ? undefined : await this.#find(login)
    const secretHash = hashSecret(secret)
    const now = this.#now()
    if (!isSecretOf(robot, secretHash, now) || !robot) throw wrongCredentials()
    await recordUse(this.#database, robot, now, (tx, at) => touchRobot(tx, robot.id, at))
    return { robotId: robot.id, secretHash }
  }
}

/**
 * Whether a login with the secret of this hash is good at `now` (milliseconds since 1970): the robot is enabled and not
 * expired, and the secret is its own, or the one before while that lasts. Ask it again wherever a login is remembered.
 */
export function isSecretOf(
  robot: StoredRobot | undefined,
  secretHash: string,
  now: number,
): boolean {
  const current = isSameHash(robot?.secretHash ?? nobody, secretHash)
  const previous = isSameHash(robot?.previousSecretHash ?? nobody, secretHash)
  if (robot === undefined || robot.disabledAt !== null) return false
  if (isOver(robot.expiresAt, now)) return false
  return (
    current ||
    (previous && robot.previousExpiresAt !== null && !isOver(robot.previousExpiresAt, now))
  )
}

function isOver(end: string | null, now: number): boolean {
  return end !== null && Date.parse(end) <= now
}

function wrongCredentials(): BerthError {
  return new BerthError(
    'unauthenticated',
    'The login or the secret is wrong, or the robot is disabled or expired.',
    { details: [{ reason: 'invalidCredentials' }] },
  )
}
