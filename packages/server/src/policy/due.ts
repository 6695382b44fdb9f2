import { durationMs, type PolicyRule } from '@berth/api/policy-document.ts'

type Sla = NonNullable<PolicyRule['sla']>

/** What the clock of a finding goes by. */
export type Mendable = {
  readonly severity: 'critical' | 'high' | 'medium' | 'low' | 'negligible' | 'unknown'
  /** The list of exploited vulnerabilities has it. */
  readonly isKnownExploited: boolean
  /** In milliseconds, in the repository. */
  readonly firstSeen: number
  /** A version mends it. */
  readonly isFixable: boolean
  /** An ISO moment or day; nothing where nobody says. */
  readonly fixAvailableAt: string | null | undefined
}

export type DueDate = { readonly at: number; readonly limit: Limit }

type Limit = { readonly ms: number; readonly text: string; readonly why: string }

/** By when a rule wants it mended, in milliseconds; `undefined` when it sets no time. */
export function dueDate(settings: Sla, finding: Mendable): DueDate | undefined {
  const limit = limitOf(settings, finding)
  const start = limit && startOf(settings.clock, finding)
  return limit === undefined || start === undefined ? undefined : { at: start + limit.ms, limit }
}

/** The shorter of what the severity and the list of exploited vulnerabilities demand. */
function limitOf(settings: Sla, { severity, isKnownExploited }: Mendable): Limit | undefined {
  const bySeverity =
    severity === 'negligible' || severity === 'unknown' ? undefined : settings[severity]
  const limits: Limit[] = []
  const add = (text: string | undefined, why: string) => {
    const ms = text === undefined ? undefined : durationMs(text)
    if (text !== undefined && ms !== undefined) limits.push({ ms, text, why })
  }
  add(bySeverity, severity)
  if (isKnownExploited) add(settings.kev, 'known to be exploited')
  return limits.toSorted((a, b) => a.ms - b.ms)[0]
}

function startOf(clock: Sla['clock'], finding: Mendable): number | undefined {
  const { firstSeen, isFixable, fixAvailableAt } = finding
  if (clock === 'firstSeen') return firstSeen
  if (!isFixable) return clock === 'fixAvailable' ? undefined : firstSeen
  const fix = fixAvailableAt ? Date.parse(fixAvailableAt) : Number.NaN
  return Number.isNaN(fix) ? firstSeen : Math.max(firstSeen, fix)
}
