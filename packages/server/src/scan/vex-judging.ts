import type { VexJudgement } from '@berth/scanner/finding.ts'
import type { VexRow } from '../metadata/vex-statements.ts'

/** What a statement may speak of. */
export type Judged = {
  readonly vulnerability: string
  readonly aliases: readonly string[]
  readonly kind: string
  readonly name: string
  readonly version: string
}

/**
 * What counts of several statements about a finding: that on one image before one on a repository before one on a
 * project, that on a version before one on a package before one on all, and then the latest. `undefined`: nobody said
 * anything. `rows` are those in force here, the newest first.
 */
export function judgementOf(rows: readonly VexRow[], finding: Judged): VexJudgement | undefined {
  const [best] = rows
    .filter((row) => speaksOf(row, finding))
    .toSorted((a, b) => narrowness(b) - narrowness(a))
  if (best === undefined) return undefined
  return {
    status: best.status,
    ...(best.justification !== null && { justification: best.justification }),
    ...(best.statement !== null && { statement: best.statement }),
    author: best.author,
    at: best.created_at,
    source: best.source,
  }
}

/** Whether the finding no longer counts; it stays visible. */
export function isSuppressing(
  judgement: VexJudgement | undefined,
): judgement is VexJudgement & { status: 'not_affected' | 'fixed' } {
  return judgement?.status === 'not_affected' || judgement?.status === 'fixed'
}

function speaksOf(row: VexRow, { vulnerability, aliases, kind, name, version }: Judged): boolean {
  if (row.vulnerability !== vulnerability && !aliases.includes(row.vulnerability)) return false
  if (row.package === '') return true
  const whole = `${kind}:${name}`
  return row.package === whole || row.package === `${whole}@${version}`
}

function narrowness(row: VexRow): number {
  const place = row.image_digest === '' ? (row.repository === '' ? 0 : 1) : 2
  const what =
    row.package === '' ? 0 : row.package.lastIndexOf('@') > row.package.indexOf(':') + 1 ? 2 : 1
  return place * 3 + what
}
