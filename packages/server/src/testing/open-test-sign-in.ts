import { AccessChanges } from '../access/changes.ts'
import { Credentials, type ExternalPasswords } from '../access/credentials.ts'
import { LoginThrottle } from '../access/login-throttle.ts'
import { Passwords } from '../access/passwords.ts'
import { Refusals } from '../access/refusals.ts'
import { SecondFactor } from '../access/second-factor.ts'
import { SecondFactorCodes } from '../access/second-factor-codes.ts'
import { type SessionLimits, Sessions } from '../access/sessions.ts'
import { SignIn } from '../access/sign-in.ts'
import type { RequestContext } from '../actor.ts'
import type { Database } from '../metadata/database.ts'
import { insertUser, type StoredUser } from '../metadata/users.ts'

export type TestSignIn = {
  changes: AccessChanges
  passwords: Passwords
  throttle: LoginThrottle
  codes: SecondFactorCodes
  credentials: Credentials
  sessions: Sessions
  secondFactor: SecondFactor
  signIn: SignIn
  /** Adds a user without asking what a password may be. */
  addUser(name: string, more?: Partial<StoredUser>): Promise<StoredUser>
  /** What the audit log holds, in order. */
  audit(): Promise<{ action: string; target: string; outcome: string; after: unknown }[]>
}

/** The services of sign-in on a database, which is emptied of what they keep. */
export async function openTestSignIn(
  database: Database,
  options: { now: () => number; limits?: SessionLimits; external?: ExternalPasswords },
): Promise<TestSignIn> {
  const { now, limits = { idleMinutes: 60, absoluteHours: 12 }, external } = options
  await database.transaction(async (tx) => {
    await tx.deleteFrom('users').execute()
    await tx.deleteFrom('login_throttles').execute()
    await tx.deleteFrom('audit_entries').execute()
  })
  const changes = new AccessChanges(database, now)
  const passwords = new Passwords()
  const throttle = new LoginThrottle({ database, now })
  const codes = await SecondFactorCodes.open({ database, now })
  const refusals = new Refusals({ database, now })
  const parts = { database, passwords, throttle, codes, refusals, now }
  const credentials = new Credentials({ ...parts, external, externalVerifiedMs: 60_000 })
  const sessions = await Sessions.open({ database, changes, limits, now })
  return {
    changes,
    passwords,
    throttle,
    codes,
    credentials,
    sessions,
    secondFactor: new SecondFactor({ database, changes, codes, credentials, now }),
    signIn: new SignIn({ database, credentials, sessions }),
    async addUser(name, more = {}) {
      const user: StoredUser = {
        id: `id-of-${name}`,
        name,
        passwordHash: '',
        role: 'reader',
        disabledAt: null,
        createdAt: new Date(now()).toISOString(),
        displayName: null,
        email: null,
        source: 'local',
        externalId: null,
        version: 1,
        ...more,
      }
      await database.transaction((tx) => insertUser(tx, user))
      return user
    },
    async audit() {
      const rows = await database.read
        .selectFrom('audit_entries')
        .select(['action', 'target', 'outcome', 'after'])
        .orderBy('id')
        .execute()
      return rows.map((row) => ({
        ...row,
        after: row.after === null ? undefined : (JSON.parse(row.after) as unknown),
      }))
    },
  }
}

/** A change that a user asks for themselves. */
export function contextOf(user: StoredUser): RequestContext {
  return {
    actor: { kind: 'user', id: user.id, name: user.name },
    address: '192.0.2.1',
    requestId: 'r1',
  }
}
