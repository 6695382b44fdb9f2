import { ClientError } from '@berth/client/client-error.ts'
import { type PackageFinding, severities, type Severity } from '@berth/scanner/finding.ts'

/** Throws `inputInvalid`. */
export function parseSeverity(flag: string, text: string): Severity {
  const found = severities.find((each) => each === text.toLowerCase())
  if (found !== undefined) return found
  throw new ClientError('inputInvalid', `${flag} ${text} is no severity.`, {
    next: `Known are ${severities.join(', ')}.`,
  })
}

/** As bad as `least`, or worse. */
export function isAtLeast(
  { severity }: Pick<PackageFinding, 'severity'>,
  least: Severity,
): boolean {
  return severities.indexOf(severity) <= severities.indexOf(least)
}

/** How many there are of each. */
export function countSeverities(
  findings: readonly Pick<PackageFinding, 'severity'>[],
): Record<Severity, number> {
  const counts = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 }
  for (const { severity } of findings) counts[severity] += 1
  return counts
}
