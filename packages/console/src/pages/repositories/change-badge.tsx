import { repositoryText } from '../../text/repositories.ts'
import type { Change } from './compared.ts'
import { Badge } from '../../ui/badge.tsx'

const looks = {
  added: { color: 'teal', sign: '+' },
  removed: { color: 'red', sign: '−' },
  changed: { color: 'blue', sign: '~' },
  same: { color: 'gray', sign: '=' },
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
    <Badge color={color}>
      {sign} {words[change]}
    </Badge>
  )
}
