import type { readSession } from '@berth/api/session.ts'
import type * as z from 'zod'

export type Session = z.output<typeof readSession.answer>

/** What the running page knows of its session: kept outside of React, since requests need it too. */
const state: {
  session: Session | undefined
  isEnded: boolean
  renewed: PromiseWithResolvers<void> | undefined
} = { session: undefined, isEnded: false, renewed: undefined }
const listeners = new Set<() => void>()

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

export function csrfToken(): string | undefined {
  return state.session?.session?.csrfToken
}

/** To be told what the server says of the session; `undefined`: signed out. */
export function noteSession(session: Session | undefined): void {
  state.session = session
  if (session?.session) {
    state.isEnded = false
    state.renewed?.resolve()
    state.renewed = undefined
  }
  tell()
}

/** Opens the dialog to sign in again; resolves when that is done, rejects when it is given up. */
export function askToSignInAgain(): Promise<void> {
  state.renewed ??= Promise.withResolvers<void>()
  state.isEnded = true
  tell()
  return state.renewed.promise
}

/** Whoever sits there does not want to sign in again. */
export function giveUpSession(): void {
  state.isEnded = false
  state.session = undefined
  state.renewed?.reject(new Error('signed out'))
  state.renewed = undefined
  tell()
}
