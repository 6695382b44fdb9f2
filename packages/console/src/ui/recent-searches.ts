import { useSyncExternalStore } from 'react'

const storageKey = 'berth-recent-searches'
const kept = 8
const lengthMax = 100
const listeners = new Set<() => void>()
let recent: readonly string[] = read()

function read(): readonly string[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(storageKey) ?? '[]')
    if (!Array.isArray(value)) return []
    return value
      .filter((item) => typeof item === 'string' && item !== '' && item.length <= lengthMax)
      .slice(0, kept)
  } catch {
    return []
  }
}

function set(next: readonly string[]): void {
  recent = next
  try {
    if (next.length === 0) localStorage.removeItem(storageKey)
    else localStorage.setItem(storageKey, JSON.stringify(next))
  } catch {
    // Without storage they last as long as the page.
  }
  for (const listener of listeners) listener()
}

/** Remembers what was searched for, in this browser only. */
export function noteSearch(words: string): void {
  set([words, ...recent.filter((item) => item !== words)].slice(0, kept))
}

export function removeSearch(words: string): void {
  set(recent.filter((item) => item !== words))
}

export function clearSearches(): void {
  set([])
}

/** The newest first. */
export function useRecentSearches(): readonly string[] {
  return useSyncExternalStore(subscribe, () => recent)
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
