import { Badge } from '@mantine/core'
import { repositoryText } from '../../text/repositories.ts'
import type { Change } from './compared.ts'

const looks = {
  added: { color: 'teal.9', sign: '+' },
  removed: { color: 'red.9', sign: '−' },
  changed: { color: 'blue.9', sign: '~' },
  same: { color: 'gray.7', sign: '=' },
} as const

/** How a line differs, in a word, a sign and a colour: of findings it is those that are gone that are good. */
export function ChangeBadge({
  change,
  isLossGood = false,
  words = repositoryText.compare.changes,
}: {
  change: Change
  isLossGood?: boolean
  words?: Readonly<Partial<Record<Change, string>>>
}) {
  const { sign } = looks[change]
  const swapped = { ...looks, added: looks.removed, removed: looks.added }
  const { color } = (isLossGood ? swapped : looks)[change]
  return (
    <Badge color={color} variant="filled" radius="sm" tt="none">
      {sign} {words[change]}
    </Badge>
  )
}
