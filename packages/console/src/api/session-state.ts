import type { readSession } from '@berth/api/session.ts'
import type * as z from 'zod'

export type Session = z.output<typeof readSession.answer>

/** What the running page knows of its session: kept outside of React, since requests need it too. */
const state: {
  session: Session | undefined
  isEnded: boolean
  renewed: PromiseWithResolvers<void> | undefined
  /** Somebody else signed in while the page of `session` waited for it to be renewed. */
  other: Session | undefined
} = { session: undefined, isEnded: false, renewed: undefined, other: undefined }
const listeners = new Set<() => void>()
const refusalListeners = new Set<(wasChange: boolean) => void>()

function tell(): void {
  for (const listener of listeners) listener()
}

export function subscribeToSession(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Whether the session ended while the page was in use, so that the dialog to sign in again is open. */
export function isSessionEnded(): boolean {
  return state.isEnded
}

export function isSignedIn(): boolean {
  return state.session !== undefined && state.session.actor.kind !== 'anonymous'
}

export function currentSession(): Session | undefined {
  return state.session
}

/** Who signed in instead of the one whose session has ended. */
export function otherSession(): Session | undefined {
  return state.other
}

export function csrfToken(): string | undefined {
  return (state.other ?? state.session)?.session?.csrfToken
}

/**
 * To be told what the server says of the session; `undefined`: signed out. While a session is to be renewed, that of somebody
 * else is only kept as `otherSession`: what the page wanted to do is not done in their name.
 */
export function noteSession(session: Session | undefined): void {
  const isOther =
    state.isEnded && session !== undefined && session.actor.id !== state.session?.actor.id
  state.other = isOther ? session : undefined
  if (!isOther) state.session = session
  if (session?.session && !isOther) {
    state.isEnded = false
    state.renewed?.resolve()
    state.renewed = undefined
  }
  tell()
}

/** Opens the dialog to sign in again; resolves when that is done, rejects when it is given up. */
export function askToSignInAgain(): Promise<void> {
  if (!state.renewed) {
    state.renewed = Promise.withResolvers<void>()
    // Whoever asked for nothing but the session itself does not wait for it.
    state.renewed.promise.catch(() => undefined)
  }
  if (!state.isEnded) {
    state.isEnded = true
    tell()
  }
  return state.renewed.promise
}

/** Whoever sits there does not want to sign in again. */
export function giveUpSession(): void {
  state.isEnded = false
  state.session = undefined
  state.other = undefined
  state.renewed?.reject(new Error('signed out'))
  state.renewed = undefined
  tell()
}

/** To be told of requests that the role does not allow; `wasChange`: more than reading was refused. */
export function subscribeToRefusals(listener: (wasChange: boolean) => void): () => void {
  refusalListeners.add(listener)
  return () => refusalListeners.delete(listener)
}

/** To be told when the server refuses a request because of the role. */
export function noteRefusal(wasChange: boolean): void {
  for (const listener of refusalListeners) listener(wasChange)
}
