import { Anchor } from '@mantine/core'
import { useState } from 'react'
import { uiText } from '../text/ui.ts'

// Marks that turn the direction of text, or that show nothing: a stranger uses them to make text read as another.
const hidden =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g

/**
 * Characters that cannot be seen, written out: `\u202e`. For what is no element, such as accessible names and titles; everything
 * else is {@link ForeignText}.
 */
export function visible(text: string): string {
  return text.replaceAll(hidden, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/**
 * Text that a stranger wrote: shown as text, with its direction kept to itself and hidden marks made visible. Longer than
 * `max` characters is cut, with a way to see the rest.
 */
export function ForeignText({ text, max = 400 }: { text: string; max?: number }) {
  const [isWhole, setWhole] = useState(false)
  const isLong = text.length > max
  const shown = isLong && !isWhole ? `${text.slice(0, max)}…` : text
  return (
    <>
      <bdi>{visible(shown)}</bdi>
      {isLong && (
        <>
          {' '}
          <Anchor component="button" type="button" size="sm" onClick={() => setWhole(!isWhole)}>
            {isWhole ? uiText.showLess : uiText.showAll}
          </Anchor>
        </>
      )}
    </>
  )
}
