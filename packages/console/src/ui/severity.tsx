import { Badge, Group } from '@mantine/core'
import { severityText } from '../text/severity.ts'
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

const colors: Readonly<Record<Severity, string>> = {
  critical: 'red.9',
  // Of Mantine's own oranges and yellows none is dark enough below white text.
  high: '#b84a00',
  medium: '#8a5d00',
  low: 'blue.9',
  negligible: 'gray.7',
  unknown: 'gray.7',
}

/** Colour alone says nothing: the word is always there. */
export function SeverityBadge({ severity }: { severity: Severity }) {
  return (
    <Badge color={colors[severity]} variant="filled" radius="sm" tt="none">
      {severityText[severity]}
    </Badge>
  )
}

/** How many of each, the worst first; those that are none are left out. */
export function SeverityCounts({
  counts,
}: {
  counts: Readonly<Partial<Record<Severity, number>>>
}) {
  const some = severities.filter((severity) => (counts[severity] ?? 0) > 0)
  if (some.length === 0)
    return (
      <Badge color="teal.9" variant="filled" radius="sm" tt="none">
        {severityText.none}
      </Badge>
    )
  return (
    <Group gap={4} wrap="wrap" display="inline-flex">
      {some.map((severity) => (
        <Badge
          key={severity}
          color={colors[severity]}
          variant="filled"
          radius="sm"
          tt="none"
          title={severityText.counted(severity, counts[severity] ?? 0)}
        >
          {formatCount(counts[severity] ?? 0)} {severityText.short[severity]}
        </Badge>
      ))}
    </Group>
  )
}
