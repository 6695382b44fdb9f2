import { TextInput } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { shellText } from '../text/shell.ts'

/** Finds everything from every page. */
export function SearchBox() {
  const [text, setText] = useState('')
  const navigate = useNavigate()
  return (
    <form
      role="search"
      style={{ flex: 1, maxWidth: 520 }}
      onSubmit={(event) => {
        event.preventDefault()
        void navigate({ to: '/search', search: { q: text } })
      }}
    >
      <TextInput
        aria-label={shellText.search}
        placeholder={shellText.search}
        leftSection={<IconSearch size={16} aria-hidden />}
        value={text}
        maxLength={100}
        onChange={(event) => setText(event.currentTarget.value)}
      />
    </form>
  )
}
