import { useSyncExternalStore } from 'react'

/**
 * Whether the server answers. `slow`: an answer takes long. `waiting`: it asked for fewer requests (429) until `until`, in
 * milliseconds since 1970.
 */
export type Connection =
  | { readonly kind: 'well' }
  | { readonly kind: 'slow' }
  | { readonly kind: 'away'; readonly since: number }
  | { readonly kind: 'waiting'; readonly until: number }

const well: Connection = { kind: 'well' }
const slowAfterMs = 8000
const listeners = new Set<() => void>()
let current: Connection = well
let slowCount = 0

function set(next: Connection): void {
  current = next
  for (const listener of listeners) listener()
}

/** To be told after every answer of the server. */
export function noteAnswer(): void {
  if (current.kind === 'away' || (current.kind === 'waiting' && current.until <= Date.now())) {
    set(well)
  }
}

/** To be told when no answer came. */
export function noteNoAnswer(): void {
  if (current.kind !== 'away') set({ kind: 'away', since: Date.now() })
}

/** To be told when the server wants a pause. */
export function noteTooMany(seconds: number): void {
  set({ kind: 'waiting', until: Date.now() + seconds * 1000 })
  setTimeout(
    () => {
      if (current.kind === 'waiting' && current.until <= Date.now()) set(well)
    },
    seconds * 1000 + 50,
  )
}

/** To be told of every request; what it gives back is to be called when that one is over. */
export function noteRequest(): () => void {
  let isSlow = false
  const timer = setTimeout(() => {
    isSlow = true
    slowCount += 1
    if (current.kind === 'well') set({ kind: 'slow' })
  }, slowAfterMs)
  return () => {
    clearTimeout(timer)
    if (!isSlow) return
    slowCount -= 1
    if (slowCount === 0 && current.kind === 'slow') set(well)
  }
}

export function isServerAway(): boolean {
  return current.kind === 'away'
}

/** Resolves when the server, which was away, answers again. */
export function untilServerAnswers(): Promise<void> {
  return new Promise((resolve) => {
    const forget = subscribe(() => {
      if (isServerAway()) return
      forget()
      resolve()
    })
  })
}

export function useConnection(): Connection {
  return useSyncExternalStore(subscribe, () => current)
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
