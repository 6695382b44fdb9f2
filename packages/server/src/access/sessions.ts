import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import type { RequestContext } from '../actor.ts'
import { BerthError } from '../errors.ts'
import { insertAuditEntry } from '../metadata/audit-entries.ts'
import type { Database, PreparedRead } from '../metadata/database.ts'
import { getOrCreateSecret } from '../metadata/secrets.ts'
import {
  insertSession,
  listSessions,
  lockSigningIn,
  prepareSession,
  removeExpiredSessions,
  removeSession,
  removeSessionsOfUser,
  type StoredSession,
  touchSession,
  trimSessions,
} from '../metadata/sessions.ts'
import { findUserByName } from '../metadata/users.ts'
import type { AccessChanges, ChangeContext } from './changes.ts'
import { clearSessionCookie, makeSessionCookie, readSessionCookie } from './session-cookie.ts'

/** A browser that is signed in. */
export type Session = {
  readonly id: string
  /** How the user proved who they are: `password`, `ldap` or `oidc:<provider>`. */
  readonly method: string
  readonly address: string
  readonly userAgent: string
  /** ISO 8601. */
  readonly createdAt: string
  /** To the minute. */
  readonly lastUsedAt: string
  /** When it ends unless it is used again before. */
  readonly expiresAt: string
}

export type SessionLimits = { readonly idleMinutes: number; readonly absoluteHours: number }

export type NewSession = {
  readonly id: string
  /** The whole value of the `Set-Cookie` header. */
  readonly cookie: string
  readonly csrfToken: string
  /** ISO 8601. */
  readonly expiresAt: string
}

const sessionsPerUser = 100
const userAgentMax = 256
const minuteMs = 60_000
const hourMs = 60 * minuteMs

/**
 * The sessions of browsers. The cookie holds a random secret of which only a hash is stored; each request reads the row,
 * so a session that was ended is over with the next request. It ends by itself when it is not used for a while, and in
 * any case after some hours.
 */
export class Sessions {
  readonly limits: SessionLimits
  readonly #database: Database
  readonly #changes: AccessChanges
  readonly #csrfKey: Buffer
  readonly #find: PreparedRead<{ secretHash: string }, StoredSession>
  readonly #now: () => number

  private constructor(parts: SessionParts, csrfKey: Buffer) {
    this.limits = parts.limits
    this.#database = parts.database
    this.#changes = parts.changes
    this.#csrfKey = csrfKey
    this.#find = prepareSession(parts.database)
    this.#now = parts.now
  }

  static async open(parts: SessionParts): Promise<Sessions> {
    return new Sessions(parts, await getOrCreateSecret(parts.database, 'csrf-token', 32))
  }

  /**
   * Signs a user in, who has just proved who they are. Always a new session with a new secret: one that the browser had
   * before, from whomever, becomes nobody's way in. Beyond 100 of one user the oldest ends. With `passwordHash` it is
   * only made while the user still has that password. Throws `unauthenticated` (reason `invalidCredentials`) when the
   * user was disabled or changed meanwhile.
   */
  async create(input: {
    userId: string
    method: string
    address: string
    userAgent: string
    /** Whether the browser came over TLS: then the cookie goes nowhere else. */
    secure: boolean
    passwordHash?: string
    requestId?: string
  }): Promise<NewSession> {
    const { cookie, secretHash } = makeSessionCookie(input.secure)
    const now = this.#now()
    const session: StoredSession = {
      id: randomUUID(),
      secretHash,
      userId: input.userId,
      method: input.method,
      address: input.address,
      userAgent: printable(input.userAgent),
      createdAt: timestamp(now),
      lastUsedAt: timestamp(now),
      expiresAt: this.#expiry(now, now),
    }
    await this.#database.transaction(async (tx) => {
      const name = await lockSigningIn(tx, input.userId, input.passwordHash)
      if (name === undefined) throw changedMeanwhile()
      await insertSession(tx, session)
      await trimSessions(tx, input.userId, sessionsPerUser)
      const context: RequestContext = {
        actor: { kind: 'user', id: input.userId, name },
        address: input.address,
        requestId: input.requestId ?? '',
      }
      const event = {
        action: 'session.created',
        targetKind: 'user',
        target: name,
        project: '',
        after: { session: session.id, method: session.method },
      }
      await insertAuditEntry(tx, context, event, session.createdAt)
    })
    const csrfToken = this.csrfToken(session.id)
    return { id: session.id, cookie, csrfToken, expiresAt: session.expiresAt }
  }

  /**
   * The session that a `Cookie` header names, while it lasts. Whether its user may still do anything is another
   * question. The use is written down once a minute.
   */
  async authenticate(
    cookieHeader: string,
  ): Promise<{ sessionId: string; userId: string } | undefined> {
    const secretHash = readSessionCookie(cookieHeader)
    if (secretHash === undefined) return undefined
    const session = await this.#find.first({ secretHash })
    if (session === undefined) return undefined
    const now = this.#now()
    const created = Date.parse(session.createdAt)
    const used = Date.parse(session.lastUsedAt)
    // Computed anew: limits that were made shorter count for sessions that exist.
    if (this.#expiry(created, used) <= timestamp(now)) return undefined
    if (used <= now - minuteMs) await this.#touch(session, now)
    return { sessionId: session.id, userId: session.userId }
  }

  /** What a page must send along with every change, in a header that no other site can set. */
  csrfToken(sessionId: string): string {
    return createHmac('sha256', this.#csrfKey).update(sessionId).digest('base64url')
  }

  checkCsrf(sessionId: string, token: string): boolean {
    const expected = Buffer.from(this.csrfToken(sessionId))
    const given = Buffer.from(token)
    return given.length === expected.length && timingSafeEqual(given, expected)
  }

  /** The `Set-Cookie` value that takes the cookie away. */
  clearCookie(isSecure: boolean): string {
    return clearSessionCookie(isSecure)
  }

  /** The sessions of a user that have not ended, the newest first. */
  async list(userId: string): Promise<Session[]> {
    return (await listSessions(this.#database.read, userId, timestamp(this.#now()))).map(toSession)
  }

  /** As `list`, of the user of this name. Throws `notFound`. */
  async listOf(userName: string): Promise<Session[]> {
    const user = await findUserByName(this.#database.read, userName)
    if (!user) throw userNotFound()
    return this.list(user.id)
  }

  /** Ends one of the user's own sessions. Throws `notFound`. */
  async revoke(context: ChangeContext, userId: string, sessionId: string): Promise<void> {
    await this.#changes.run(context, async ({ tx, record }) => {
      if (!(await removeSession(tx, userId, sessionId))) throw sessionNotFound()
      const after = { session: sessionId }
      await record({ ...ended(context.actor.name), action: 'session.revoked', after })
    })
  }

  /** Ends all of the user's own sessions, but for the one that `except` names; answers how many. */
  revokeAll(context: ChangeContext, userId: string, except?: string): Promise<number> {
    return this.#changes.run(context, async ({ tx, record }) => {
      const count = await removeSessionsOfUser(tx, userId, except)
      await record({ ...ended(context.actor.name), action: 'session.revokedAll', after: { count } })
      return count
    })
  }

  /** Ends all sessions of somebody else; answers how many. Throws `notFound`. */
  revokeAllOf(context: ChangeContext, userName: string): Promise<number> {
    return this.#changes.run(context, async ({ tx, record }) => {
      const user = await findUserByName(tx, userName)
      if (!user) throw userNotFound()
      const count = await removeSessionsOfUser(tx, user.id)
      await record({ ...ended(userName), action: 'session.revokedAll', after: { count } })
      return count
    })
  }

  /** Removes up to `limit` sessions that ended by themselves; answers how many. */
  removeExpired(limit: number): Promise<number> {
    const now = timestamp(this.#now())
    return this.#database.relaxedTransaction((tx) => removeExpiredSessions(tx, now, limit))
  }

  async #touch(session: StoredSession, now: number): Promise<void> {
    const expiresAt = this.#expiry(Date.parse(session.createdAt), now)
    const times = { lastUsedAt: timestamp(now), expiresAt }
    try {
      await this.#database.relaxedTransaction((tx) => touchSession(tx, session.id, times))
    } catch (error) {
      // A full disk must not sign everybody out. The next use writes it down.
      if (!(error instanceof BerthError)) throw error
    }
  }

  #expiry(created: number, used: number): string {
    const { idleMinutes, absoluteHours } = this.limits
    return timestamp(Math.min(created + absoluteHours * hourMs, used + idleMinutes * minuteMs))
  }
}

type SessionParts = {
  database: Database
  changes: AccessChanges
  limits: SessionLimits
  now: () => number
}

function ended(userName: string) {
  return { targetKind: 'user', target: userName, project: '' }
}

function toSession(session: StoredSession): Session {
  const { secretHash: _, userId: __, ...rest } = session
  return rest
}

function printable(text: string): string {
  return text.slice(0, userAgentMax).replaceAll(/[^\x20-\x7e]/g, '?')
}

function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}

function changedMeanwhile(): BerthError {
  return new BerthError(
    'unauthenticated',
    'The user was changed or disabled during the sign-in. Sign in again.',
    { details: [{ reason: 'invalidCredentials' }] },
  )
}

function sessionNotFound(): BerthError {
  return new BerthError('notFound', 'There is no such session.', {
    details: [{ field: 'session', reason: 'sessionUnknown' }],
  })
}

function userNotFound(): BerthError {
  return new BerthError('notFound', 'There is no such user.', {
    details: [{ field: 'user', reason: 'userUnknown' }],
  })
}
