import { TextInput } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { type LinkProps, useNavigate, useRouterState } from '@tanstack/react-router'
import { type KeyboardEvent, type RefObject, useEffect, useId, useState } from 'react'
import { shellText } from '../text/shell.ts'
import { noteSearch, removeSearch } from '../ui/recent-searches.ts'
import classes from './search-box.module.css'
import { SuggestionList } from './suggestion-list.tsx'
import { allOf, type Suggestion, useSuggestions } from './suggestions.ts'

/** Finds everything from every page: a combobox that suggests as one types. */
export function SearchBox({ field }: { field: RefObject<HTMLInputElement | null> }) {
  const id = useId()
  const navigate = useNavigate()
  const searched = useRouterState({
    select: ({ location }) => (location.pathname === '/search' ? location.search['q'] : undefined),
  })
  const [text, setText] = useState('')
  const [isOpen, setOpen] = useState(false)
  const [active, setActive] = useState(-1)
  useEffect(() => {
    if (typeof searched === 'string') setText(searched)
  }, [searched])
  const words = text.trim()
  const { groups, state } = useSuggestions(words, isOpen)
  const items = groups.flatMap((group) => group.items)
  const isShown = isOpen && (words !== '' || items.length > 0)
  const chosen = isShown ? items[active] : undefined
  const optionId = (index: number) => `${id}-${index}`

  const close = () => {
    setOpen(false)
    setActive(-1)
  }
  const go = (link: LinkProps, remembered: string) => {
    if (remembered !== '') noteSearch(remembered)
    close()
    void navigate(link)
  }
  const choose = (item: Suggestion) => {
    setText(item.isRecent ? item.text : '')
    go(item.link, item.isRecent ? item.text : words)
    field.current?.blur()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step !== undefined) {
      event.preventDefault()
      setOpen(true)
      // From the field (-1) down through the list and back to the field.
      if (isShown) setActive(((active + 1 + step + items.length + 1) % (items.length + 1)) - 1)
    } else if (event.key === 'Escape' && isOpen) {
      event.preventDefault()
      close()
    } else if (event.key === 'Delete' && chosen?.isRecent === true) {
      event.preventDefault()
      removeSearch(chosen.text)
      setActive(-1)
    }
  }

  return (
    <form
      role="search"
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault()
        if (chosen) choose(chosen)
        else if (words !== '') go(allOf(words), words)
      }}
      onBlur={({ currentTarget, relatedTarget }) => {
        if (!currentTarget.contains(relatedTarget)) close()
      }}
    >
      <TextInput
        ref={field}
        aria-label={shellText.search}
        placeholder={shellText.search}
        leftSection={<IconSearch size={16} aria-hidden />}
        value={text}
        maxLength={100}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        enterKeyHint="search"
        role="combobox"
        aria-expanded={isShown && items.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={chosen ? optionId(active) : undefined}
        onFocus={() => setOpen(true)}
        onClick={() => setOpen(true)}
        onKeyDown={onKeyDown}
        onChange={(event) => {
          setText(event.currentTarget.value)
          setOpen(true)
          setActive(-1)
        }}
      />
      <SuggestionList
        id={`${id}-list`}
        isShown={isShown}
        words={words}
        groups={groups}
        state={state}
        active={active}
        optionId={optionId}
        onChoose={choose}
        onAll={() => go(allOf(words), words)}
      />
    </form>
  )
}
