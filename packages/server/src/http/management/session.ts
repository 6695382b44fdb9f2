import { instanceRight, readSession, signIn, signOut } from '@berth/api/session.ts'
import type * as z from 'zod'
import type { InstanceAction } from '../../access/authorize.ts'
import type { Caller } from '../../access/caller.ts'
import type { NewSession } from '../../access/sessions.ts'
import type { User } from '../../access/user-record.ts'
import type { Exchange } from '../exchange.ts'
import { type Binding, bind } from './call.ts'
import type { ManagementDoor } from './door.ts'

type Right = z.output<typeof instanceRight>

/** What each right of the answer depends on: the permission of the routes it is about. */
const rights: Readonly<Record<Exclude<Right, 'createProject'>, InstanceAction>> = {
  catalog: 'catalog',
  readUsers: 'readUsers',
  manageUsers: 'manageUsers',
  readSystem: 'readSystem',
  manageSystem: 'manageSystem',
  readAudit: 'readSystem',
  readPolicies: 'readSystem',
  managePolicies: 'manageSystem',
  manageSigners: 'manageSystem',
  manageRobots: 'manageSystem',
  manageQuotas: 'manageSystem',
  manageScanners: 'manageSystem',
  importAdvisories: 'manageSystem',
  manageJobs: 'manageSystem',
}

/** The session that asks, and its beginning and end. */
export const sessionRoutes: readonly Binding[] = [
  bind(signIn, { on: 'anyone' }, async (door, { body, caller, context, exchange }) => {
    const signedIn = await door.signIn.signIn({
      name: body.name,
      password: body.password,
      code: body.code,
      address: caller.address,
      userAgent: exchange.request.headers['user-agent'] ?? '',
      secure: isSecure(door, exchange),
      requestId: context.requestId,
    })
    return signedInAnswer(signedIn)
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
        allowed: await rightsOf(caller),
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

async function rightsOf(caller: Caller): Promise<Right[]> {
  const mayCreate = await caller.mayProject('createProject', '')
  return instanceRight.options.filter((right) =>
    right === 'createProject' ? mayCreate : caller.mayInstance(rights[right]),
  )
}

/** The answer to whoever has just signed in, with the cookie. */
export function signedInAnswer({ user, session }: { user: User; session: NewSession }) {
  const { csrfToken, expiresAt } = session
  return {
    body: { user: toBody(user), csrfToken, expiresAt },
    headers: ['Set-Cookie', session.cookie],
  }
}

export function isSecure({ forwarding }: ManagementDoor, { request }: Exchange): boolean {
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
