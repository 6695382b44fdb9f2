import {
  endSession,
  endSessions,
  endUserSessions,
  listSessions,
  listUserSessions,
} from '@berth/api/sessions.ts'
import type { Session } from '../../access/sessions.ts'
import { type Binding, bind } from './call.ts'

/** Where somebody is signed in: one's own sessions, and for administrators those of others. */
export const sessionsRoutes: readonly Binding[] = [
  bind(listSessions, { on: 'person' }, async ({ sessions }, { caller }) => {
    const own = await sessions.list(caller.actor.id)
    return { body: { items: own.map((session) => toBody(session, caller.sessionId)) } }
  }),
  bind(endSessions, { on: 'person' }, async ({ sessions }, { query, caller, context }) => {
    const except = query.except === 'current' ? caller.sessionId : undefined
    return { body: { ended: await sessions.revokeAll(context, caller.actor.id, except) } }
  }),
  bind(endSession, { on: 'person' }, async ({ sessions }, { params, caller, context }) => {
    await sessions.revoke(context, caller.actor.id, params.session)
    return { body: undefined }
  }),
  bind(
    listUserSessions,
    { on: 'instance', action: 'readUsers' },
    async ({ sessions }, { params, caller }) => {
      const found = await sessions.listOf(params.user)
      return { body: { items: found.map((session) => toBody(session, caller.sessionId)) } }
    },
  ),
  bind(
    endUserSessions,
    { on: 'instance', action: 'manageUsers' },
    async ({ sessions }, { params, context }) => ({
      body: { ended: await sessions.revokeAllOf(context, params.user) },
    }),
  ),
]

function toBody(session: Session, current: string | undefined) {
  return { ...session, current: session.id === current }
}
