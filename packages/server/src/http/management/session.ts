import { readSession, signIn, signOut } from '@berth/api/session.ts'
import type { InstanceAction } from '../../access/authorize.ts'
import type { User } from '../../access/user-record.ts'
import type { Exchange } from '../exchange.ts'
import { type Binding, bind } from './call.ts'
import type { ManagementDoor } from './door.ts'

const instanceActions: readonly InstanceAction[] = [
  'catalog',
  'readUsers',
  'manageUsers',
  'readSystem',
  'manageSystem',
]

/** The session that asks, and its beginning and end. */
export const sessionRoutes: readonly Binding[] = [
  bind(signIn, { on: 'anyone' }, async (door, { body, caller, context, exchange }) => {
    const { user, session } = await door.signIn.signIn({
      name: body.name,
      password: body.password,
      code: body.code,
      address: caller.address,
      userAgent: exchange.request.headers['user-agent'] ?? '',
      secure: isSecure(door, exchange),
      requestId: context.requestId,
    })
    const { csrfToken, expiresAt } = session
    return {
      body: { user: toBody(user), csrfToken, expiresAt },
      headers: ['Set-Cookie', session.cookie],
    }
  }),
  bind(readSession, { on: 'caller' }, async (door, { caller }) => {
    const user = await door.signIn.userOf(caller)
    const { sessionId, actor, credentials } = caller
    return {
      body: {
        actor: { kind: actor.kind, id: actor.id, name: actor.name },
        credentials,
        user: user === undefined ? null : toBody(user),
        role: user?.role ?? null,
        allowed: instanceActions.filter((action) => caller.mayInstance(action)),
        session:
          sessionId === undefined
            ? null
            : {
                id: sessionId,
                csrfToken: door.sessions.csrfToken(sessionId),
                ...door.sessions.limits,
              },
      },
    }
  }),
  bind(signOut, { on: 'caller' }, async (door, { caller, context, exchange }) => {
    await door.signIn.signOut(caller, context)
    const cookie = door.sessions.clearCookie(isSecure(door, exchange))
    return { body: undefined, headers: ['Set-Cookie', cookie] }
  }),
]

function isSecure({ forwarding }: ManagementDoor, { request }: Exchange): boolean {
  return forwarding.externalOrigin(request.headers, request.socket).protocol === 'https'
}

function toBody(user: User) {
  return {
    ...user,
    displayName: user.displayName ?? null,
    email: user.email ?? null,
    disabledAt: user.disabledAt ?? null,
  }
}
