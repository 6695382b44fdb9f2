import { counted, shortDigest } from '../format.ts'
import type { Output } from '../output.ts'
import { printable } from '../printable.ts'
import { formatTable } from '../table.ts'
import type { Evaluation } from './format-evaluation.ts'

export type TriedImage = {
  readonly repository: string
  readonly digest: string
  readonly tags: readonly string[]
  readonly now: Evaluation
  readonly tried: Evaluation
}

/** What a policy would block that is not blocked now, what it blocks either way, and what it would let go. */
export function formatTrial(
  images: readonly TriedImage[],
  isAll: boolean,
  look: Pick<Output, 'columns' | 'style'>,
): string {
  const shown = images.filter(
    ({ now, tried }) => isAll || now.decision !== tried.decision || tried.decision === 'deny',
  )
  const blocked = images.filter(({ tried }) => tried.decision === 'deny')
  const newly = blocked.filter(({ now }) => now.decision !== 'deny')
  const freed = images.filter(
    ({ now, tried }) => now.decision === 'deny' && tried.decision !== 'deny',
  )
  const summary = `${counted(images.length, 'image')} tried: ${blocked.length} would be blocked (${newly.length} newly), ${freed.length} blocked now would pass.`
  if (shown.length === 0) return summary
  const table = formatTable(
    [
      { title: 'IMAGE', shrinks: true },
      { title: 'DIGEST', yields: 2 },
      { title: 'NOW', yields: 1 },
      { title: 'THEN' },
      { title: 'WHY', shrinks: true },
    ],
    shown.map(({ repository, digest, tags, now, tried }) => [
      printable(tags[0] === undefined ? repository : `${repository}:${tags[0]}`),
      shortDigest(digest),
      now.decision,
      tried.decision === 'deny' ? look.style('red', tried.decision) : tried.decision,
      printable(reasonOf(tried)),
    ]),
    look.columns,
  )
  return `${table}\n\n${summary}`
}

function reasonOf({ violations, moreViolations }: Evaluation): string {
  const [first] = violations
  if (first === undefined) return '-'
  const more = violations.length - 1 + moreViolations
  return `${first.rule}: ${first.subject}, found ${first.found}${more === 0 ? '' : `, ${more} more`}`
}
