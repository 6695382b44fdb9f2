import { search } from '@berth/api/search.ts'
import { useDebouncedValue } from '@mantine/hooks'
import type { LinkProps } from '@tanstack/react-router'
import { useApi } from '../api/queries.ts'
import { searchText } from '../text/search.ts'
import { useRecentSearches } from '../ui/recent-searches.ts'
import { groupHits, hitKey, hitLink, hitPlace } from '../ui/search-hits.ts'

export type Suggestion = {
  readonly key: string
  readonly text: string
  readonly place: string
  readonly link: LinkProps
  /** Whether it is a search of before, which can be removed. */
  readonly isRecent: boolean
}
export type SuggestionGroup = {
  readonly label: string
  readonly items: readonly Suggestion[]
}

const pauseMs = 120
const ofEachKind = 4

/** What to suggest for the words typed so far; for none, what was searched for before. */
export function useSuggestions(
  words: string,
  isOpen: boolean,
): { groups: readonly SuggestionGroup[]; state: 'recent' | 'loading' | 'ready' | 'failed' } {
  const [settled] = useDebouncedValue(words, pauseMs)
  const recent = useRecentSearches()
  const hits = useApi(
    search,
    { query: { q: settled, limit: ofEachKind } },
    { isEnabled: isOpen && settled !== '', keepsPrevious: true },
  )
  if (words === '') {
    const items = recent.map((item) => ({
      key: item,
      text: item,
      place: '',
      link: allOf(item),
      isRecent: true,
    }))
    return {
      groups: items.length > 0 ? [{ label: searchText.recent, items }] : [],
      state: 'recent',
    }
  }
  const groups = groupHits(hits.data?.body.items ?? []).map(([kind, found]) => ({
    label: searchText.kinds[kind],
    items: found.map((hit) => ({
      key: hitKey(hit),
      text: hit.text,
      place: hitPlace(hit),
      link: hitLink(hit),
      isRecent: false,
    })),
  }))
  if (hits.isError) return { groups: [], state: 'failed' }
  const isBehind = words !== settled || hits.isPlaceholderData || hits.isPending
  return { groups, state: isBehind ? 'loading' : 'ready' }
}

/** The page of all results. */
export function allOf(words: string): LinkProps {
  return { to: '/search', search: { q: words } }
}
