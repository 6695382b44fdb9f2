import { useSyncExternalStore } from 'react'

/** Whether the server answers. `waiting`: it asked for fewer requests (429) until `until`, in milliseconds since 1970. */
export type Connection =
  | { readonly kind: 'well' }
  | { readonly kind: 'away'; readonly since: number }
  | { readonly kind: 'waiting'; readonly until: number }

const well: Connection = { kind: 'well' }
const listeners = new Set<() => void>()
let current: Connection = well

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

export function useConnection(): Connection {
  return useSyncExternalStore(subscribe, () => current)
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
