import { severityText } from '../text/severity.ts'
import { Badge, type BadgeColor } from './badge.tsx'
import { formatCount } from './units.ts'

export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'negligible' | 'unknown'

/** The worst first. */
export const severities: readonly Severity[] = [
  'critical',
  'high',
  'medium',
  'low',
  'negligible',
  'unknown',
]

const colors: Readonly<Record<Severity, BadgeColor>> = {
  critical: 'red',
  high: 'orange',
  medium: 'amber',
  low: 'blue',
  negligible: 'gray',
  unknown: 'gray',
}

/** Colour alone says nothing: the word is always there. */
export function SeverityBadge({ severity }: { severity: Severity }) {
  return <Badge color={colors[severity]}>{severityText[severity]}</Badge>
}

/** How many of each, the worst first; those that are none are left out. */
export function SeverityCounts({
  counts,
}: {
  counts: Readonly<Partial<Record<Severity, number>>>
}) {
  const some = severities.filter((severity) => (counts[severity] ?? 0) > 0)
  if (some.length === 0) return <Badge color="teal">{severityText.none}</Badge>
  return (
    <span className="berth-inline" data-wraps>
      {some.map((severity) => (
        <Badge
          key={severity}
          color={colors[severity]}
          title={severityText.counted(severity, counts[severity] ?? 0)}
        >
          {formatCount(counts[severity] ?? 0)} {severityText.short[severity]}
        </Badge>
      ))}
    </span>
  )
}
