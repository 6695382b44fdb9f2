import { ApiProblem } from '@berth/api/client.ts'
import { readSession, signIn, signOut } from '@berth/api/session.ts'
import { useSyncExternalStore } from 'react'
import type * as z from 'zod'
import { callApi } from './client.ts'
import {
  askToSignInAgain,
  currentSession,
  isSessionEnded,
  isSignedIn,
  noteSession,
  otherSession,
  type Session,
  subscribeToSession,
} from './session-state.ts'

/** What may be done on the whole instance. */
export type InstanceAction = Session['allowed'][number]

/**
 * Asks the server who sits there. Signed out is no error; where somebody was signed in until now, the dialog to sign in again
 * opens, and the page stays theirs.
 */
export async function loadSession(): Promise<Session | undefined> {
  const session = await readWho()
  if (session === undefined && isSignedIn()) {
    void askToSignInAgain().catch(() => undefined)
    return currentSession()
  }
  noteSession(session)
  return session
}

async function readWho(): Promise<Session | undefined> {
  try {
    const { body } = await callApi(readSession, {})
    return body.actor.kind === 'anonymous' ? undefined : body
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.status !== 401) throw error
    return undefined
  }
}

/** Throws `ApiProblem` when it is refused; with reason `secondFactorRequired` in its details a code is wanted. */
export async function signInWithPassword(body: z.input<typeof signIn.body>): Promise<void> {
  await callApi(signIn, { body })
  await loadSession()
}

export async function endSession(): Promise<void> {
  try {
    await callApi(signOut, {})
  } catch (error) {
    // It has ended already.
    if (!(error instanceof ApiProblem) || error.status !== 401) throw error
  }
  noteSession(undefined)
}

/** `undefined`: nobody is signed in. */
export function useSession(): Session | undefined {
  return useSyncExternalStore(subscribeToSession, currentSession)
}

export function useIsSessionEnded(): boolean {
  return useSyncExternalStore(subscribeToSession, isSessionEnded)
}

/** Who signed in instead of the one whose session has ended. */
export function useOtherSession(): Session | undefined {
  return useSyncExternalStore(subscribeToSession, otherSession)
}

/** As `useMay`, of this moment. */
export function may(action: InstanceAction): boolean {
  return currentSession()?.allowed.includes(action) ?? false
}

/** Whether whoever sits there may do this on the whole instance. Only to offer it: the server decides. */
export function useMay(action: InstanceAction): boolean {
  return useSession()?.allowed.includes(action) ?? false
}
