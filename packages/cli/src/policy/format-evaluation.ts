import type { evaluation } from '@berth/api/decisions.ts'
import type * as z from 'zod'
import type { Output } from '../output.ts'
import { printable } from '../printable.ts'
import { wrapText } from '../wrap.ts'

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
  for (const { rule, mode, subject, found, wanted, fix } of violations) {
    const lines = [
      `${rule}${mode === 'enforce' ? '' : ` (${mode})`}: ${subject}`,
      `  found: ${found}`,
      `  wanted: ${wanted}`,
      ...(fix === null ? [] : [`  what mends it: ${fix}`]),
    ]
    // Whole, not in a table that cuts: it is what somebody came to read.
    sections.push(lines.map((line) => wrapText(printable(line), look.columns)).join('\n'))
  }
  if (moreViolations > 0) sections.push(`${moreViolations} more; --json has all that are kept.`)
  if (suppressed.length > 0) {
    const lines = suppressed.map(({ rule, subject, by, author, reason, endsAt }) =>
      wrapText(
        printable(
          `  ${rule}: ${subject} (${by} of ${author}${endsAt === null ? '' : ` until ${endsAt.slice(0, 10)}`}: ${reason})`,
        ),
        look.columns,
      ),
    )
    sections.push(['Let pass:', ...lines].join('\n'))
  }
  if (validUntil !== null) sections.push(`Time alone may change this at ${validUntil}.`)
  return sections.join('\n\n')
}
