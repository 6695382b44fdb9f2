import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback } from 'react'

export type Filters = Readonly<Record<string, string | undefined>>

/**
 * Filters and sorting that stand in the address, so that a link leads to what is seen. Every value is text; what is not there is
 * `undefined`, and what is set to `undefined` or `''` leaves the address.
 */
export function useFilters(): [filters: Filters, set: (changes: Filters) => void] {
  const filters = useSearch({ strict: false })
  const navigate = useNavigate()
  const set = useCallback(
    (changes: Filters) => {
      void navigate({
        to: '.',
        replace: true,
        resetScroll: false,
        search: (before: Filters) => without({ ...before, ...changes }),
      } as Parameters<typeof navigate>[0])
    },
    [navigate],
  )
  return [filters, set]
}

function without(filters: Filters): Filters {
  return Object.fromEntries(
    Object.entries(filters).filter(([, value]) => value !== undefined && value !== ''),
  )
}

/** The query of an address as it is: every value is text, the first of several counts. */
export function parseFilters(query: string): Record<string, string> {
  const filters: Record<string, string> = {}
  for (const [name, value] of new URLSearchParams(query)) filters[name] ??= value
  return filters
}

export function writeFilters(filters: Record<string, unknown>): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(filters)) {
    if (typeof value === 'string' && value !== '') parameters.append(name, value)
  }
  return parameters.size === 0 ? '' : `?${parameters.toString()}`
}
