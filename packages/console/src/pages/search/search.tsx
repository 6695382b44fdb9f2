import { search } from '@berth/api/search.ts'
import { Button, Group, Stack, TextInput } from '@mantine/core'
import { IconMoodEmpty, IconSearch } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { useApi } from '../../api/queries.ts'
import { searchText as text } from '../../text/search.ts'
import { useFilters } from '../../ui/filters.ts'
import { visible } from '../../ui/foreign-text.tsx'
import { Page } from '../../ui/page.tsx'
import { noteSearch } from '../../ui/recent-searches.ts'
import { groupHits, type SearchKind, searchKinds } from '../../ui/search-hits.ts'
import { Empty, Show } from '../../ui/states.tsx'
import { HitGroup } from './hit-group.tsx'
import { RecentSearches } from './recent.tsx'

const lengthMax = 100
/** What the API answers of each kind at most. */
const hitsMax = 50

/** Everything that fits, by kind. What is asked for stands in the address. */
export default function Search() {
  const [{ q = '', kind }, setFilters] = useFilters()
  const words = q.trim().slice(0, lengthMax)
  const chosen = searchKinds.find((each) => each === kind)
  return (
    <Page
      title={text.title}
      documentTitle={words === '' ? text.title : text.titleFor(words)}
      lead={text.lead}
    >
      <SearchField
        key={words}
        words={words}
        onSearch={(typed) => {
          noteSearch(typed)
          setFilters({ q: typed })
        }}
      />
      {words === '' ? (
        <>
          <Empty title={text.emptyTitle} icon={IconSearch}>
            {text.empty}
          </Empty>
          <RecentSearches />
        </>
      ) : (
        <Results words={words} chosen={chosen} onKind={(next) => setFilters({ kind: next })} />
      )}
    </Page>
  )
}

function SearchField({ words, onSearch }: { words: string; onSearch: (words: string) => void }) {
  const [typed, setTyped] = useState(words)
  return (
    <form
      role="search"
      aria-label={text.title}
      onSubmit={(event) => {
        event.preventDefault()
        onSearch(typed.trim())
      }}
    >
      <Group align="end" gap="xs">
        <TextInput
          label={text.field}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          maxLength={lengthMax}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          flex="1 1 12rem"
          maw={560}
        />
        <Button type="submit" disabled={typed.trim() === ''}>
          {text.submit}
        </Button>
      </Group>
    </form>
  )
}

function Results({
  words,
  chosen,
  onKind,
}: {
  words: string
  chosen: SearchKind | undefined
  onKind: (kind: SearchKind | undefined) => void
}) {
  const result = useApi(search, { query: { q: words, limit: hitsMax } })
  useEffect(() => noteSearch(words), [words])
  return (
    <Show of={result}>
      {({ body }) => {
        const groups = groupHits(body.items)
        if (groups.length === 0) {
          return (
            <Empty title={visible(text.nothingTitle(words))} icon={IconMoodEmpty}>
              {text.nothing}
            </Empty>
          )
        }
        const shown = groups.filter(([kind]) => chosen === undefined || kind === chosen)
        return (
          <Stack gap="lg">
            <KindFilter groups={groups} chosen={chosen} onKind={onKind} />
            {shown.length === 0 && (
              <Empty
                title={visible(text.nothingTitle(words))}
                icon={IconMoodEmpty}
                action={<Button onClick={() => onKind(undefined)}>{text.all}</Button>}
              />
            )}
            {shown.map(([kind, hits]) => (
              <HitGroup key={kind} kind={kind} hits={hits} isCapped={hits.length >= hitsMax} />
            ))}
          </Stack>
        )
      }}
    </Show>
  )
}

function KindFilter({
  groups,
  chosen,
  onKind,
}: {
  groups: ReturnType<typeof groupHits>
  chosen: SearchKind | undefined
  onKind: (kind: SearchKind | undefined) => void
}) {
  const all = groups.reduce((sum, [, hits]) => sum + hits.length, 0)
  const choices = [
    { kind: undefined, label: text.all, count: all },
    ...groups.map(([kind, hits]) => ({ kind, label: text.kinds[kind], count: hits.length })),
  ]
  return (
    <Group gap="xs" role="group" aria-label={text.kindFilter}>
      {choices.map(({ kind, label, count }) => (
        <Button
          key={label}
          size="xs"
          radius="xl"
          variant={kind === chosen ? 'filled' : 'default'}
          aria-pressed={kind === chosen}
          onClick={() => onKind(kind)}
        >
          {label} ({count === hitsMax && kind !== undefined ? `${hitsMax}+` : count})
        </Button>
      ))}
    </Group>
  )
}
