import { CloseButton, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { IconFilter } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { uiText } from '../text/ui.ts'

const pauseMs = 200

/** A field that filters as one types, after a short pause. */
export function FilterField({
  label,
  value,
  onChange,
  width = 280,
}: {
  label: string
  value: string
  onChange: (value: string) => void
  /** Pixels on a desk; on a phone it is as wide as the page. */
  width?: number
}) {
  const [text, setText] = useState(value)
  useEffect(() => setText(value), [value])
  const tell = useDebouncedCallback(onChange, pauseMs)
  return (
    <TextInput
      aria-label={label}
      placeholder={label}
      leftSection={<IconFilter size={15} aria-hidden />}
      value={text}
      maxLength={200}
      onChange={(event) => {
        setText(event.currentTarget.value)
        tell(event.currentTarget.value)
      }}
      rightSection={
        text !== '' && (
          <CloseButton
            size="sm"
            aria-label={uiText.clearFilters}
            onClick={() => {
              setText('')
              onChange('')
            }}
          />
        )
      }
      w={{ base: '100%', sm: width }}
    />
  )
}
