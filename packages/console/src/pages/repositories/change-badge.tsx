import { Badge } from '@mantine/core'
import { repositoryText } from '../../text/repositories.ts'
import type { Change } from './compared.ts'

const looks = {
  added: { color: 'teal.9', sign: '+' },
  removed: { color: 'red.9', sign: '−' },
  changed: { color: 'blue.9', sign: '~' },
  same: { color: 'gray.7', sign: '=' },
} as const

/** How a line differs, in a word, a sign and a colour. */
export function ChangeBadge({
  change,
  words = repositoryText.compare.changes,
}: {
  change: Change
  words?: Readonly<Partial<Record<Change, string>>>
}) {
  const { color, sign } = looks[change]
  return (
    <Badge color={color} variant="filled" radius="sm" tt="none">
      {sign} {words[change]}
    </Badge>
  )
}
