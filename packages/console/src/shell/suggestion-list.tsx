import { Button, Text, VisuallyHidden } from '@mantine/core'
import { useEffect, useRef } from 'react'
import { searchText } from '../text/search.ts'
import { ForeignText, visible } from '../ui/foreign-text.tsx'
import { clearSearches } from '../ui/recent-searches.ts'
import classes from './search-box.module.css'
import type { Suggestion, SuggestionGroup, useSuggestions } from './suggestions.ts'

const shownMax = 120

/** The list below the search field, in groups; the focus stays in the field. */
export function SuggestionList({
  id,
  isShown,
  words,
  groups,
  state,
  active,
  optionId,
  onChoose,
  onAll,
}: {
  id: string
  isShown: boolean
  words: string
  groups: readonly SuggestionGroup[]
  state: ReturnType<typeof useSuggestions>['state']
  /** Which option is chosen, counted over all groups; -1: none. */
  active: number
  optionId: (index: number) => string
  onChoose: (item: Suggestion) => void
  onAll: () => void
}) {
  const list = useRef<HTMLDivElement>(null)
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  }, [active])
  const count = groups.reduce((sum, { items }) => sum + items.length, 0)
  const note =
    state === 'failed'
      ? searchText.noAnswer
      : state === 'ready' && count === 0 && searchText.noSuggestions
  let index = -1
  return (
    <>
      <VisuallyHidden role="status">
        {isShown && state !== 'loading' && (note === false ? searchText.suggestions(count) : note)}
      </VisuallyHidden>
      <div
        className={classes.dropdown}
        hidden={!isShown}
        // A press in the list does not take the focus out of the field.
        onMouseDown={(event) => event.preventDefault()}
      >
        <div
          id={id}
          ref={list}
          role="listbox"
          aria-label={searchText.title}
          className={classes.list}
        >
          {groups.map(({ label, items }) => (
            <div key={label} role="group" aria-label={label}>
              <Text size="xs" fw={600} className="berth-quiet" px="sm" pt={6} aria-hidden>
                {label}
              </Text>
              {items.map((item) => {
                index += 1
                return (
                  <div
                    key={item.key}
                    id={optionId(index)}
                    role="option"
                    aria-selected={index === active}
                    className={classes.option}
                    title={visible(item.text.slice(0, shownMax))}
                    onClick={() => onChoose(item)}
                  >
                    <span className="berth-one-line">
                      <ForeignText text={item.text.slice(0, shownMax)} />
                    </span>
                    <span className={`berth-quiet berth-one-line ${classes.place}`}>
                      <bdi>{item.place}</bdi>
                    </span>
                  </div>
                )
              })}
            </div>
          ))}
        </div>
        {note !== false && (
          <Text size="sm" className="berth-quiet" p="sm" aria-hidden>
            {note}
          </Text>
        )}
        <div className={classes.foot}>
          {words === '' ? (
            <>
              <Text size="xs" className="berth-quiet">
                {searchText.removeHint}
              </Text>
              <Button size="compact-xs" variant="subtle" onClick={clearSearches}>
                {searchText.clearRecent}
              </Button>
            </>
          ) : (
            <Button size="compact-xs" variant="subtle" maw="100%" onClick={onAll}>
              {visible(searchText.allOf(words))}
            </Button>
          )}
        </div>
      </div>
    </>
  )
}
