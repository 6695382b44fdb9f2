import type { evaluation } from '@berth/api/decisions.ts'
import type * as z from 'zod'
import type { Output } from '../output.ts'
import { printable } from '../printable.ts'
import { formatTable } from '../table.ts'

export type Evaluation = z.output<typeof evaluation>

const words = { allow: 'may be pulled', warn: 'may be pulled, with a warning', deny: 'is blocked' }

/** What the policies say of an image: what is wrong, what was found and wanted, and what mends it. */
export function formatEvaluation(
  name: string,
  { decision, violations, moreViolations, suppressed, validUntil }: Evaluation,
  look: Pick<Output, 'columns' | 'style'>,
): string {
  const style = decision === 'deny' ? 'red' : decision === 'warn' ? 'yellow' : 'green'
  const sections = [`${printable(name)} ${look.style(style, words[decision])}.`]
  if (violations.length > 0) {
    const table = formatTable(
      [
        { title: 'RULE' },
        { title: 'MODE', yields: 2 },
        { title: 'WHAT', shrinks: true },
        { title: 'FOUND', shrinks: true },
        { title: 'WANTED', shrinks: true, yields: 1 },
        { title: 'WHAT MENDS IT', shrinks: true },
      ],
      violations.map(({ rule, mode, subject, found, wanted, fix }) =>
        [rule, mode, subject, found, wanted, fix ?? '-'].map(printable),
      ),
      look.columns,
    )
    sections.push(moreViolations === 0 ? table : `${table}\n${moreViolations} more.`)
  }
  if (suppressed.length > 0) {
    const lines = suppressed.map(({ rule, subject, by, author, reason, endsAt }) =>
      printable(
        `  ${rule}: ${subject} (${by} of ${author}${endsAt === null ? '' : ` until ${endsAt.slice(0, 10)}`}: ${reason})`,
      ),
    )
    sections.push(['Let pass:', ...lines].join('\n'))
  }
  if (validUntil !== null) sections.push(`Time alone may change this at ${validUntil}.`)
  return sections.join('\n\n')
}
