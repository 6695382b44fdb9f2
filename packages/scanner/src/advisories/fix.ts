import type { Finding, FixState } from '../finding.ts'
import { compareVersions, InvalidVersion, type VersionScheme } from '../versions/compare.ts'
import type { AffectedRange } from './advisory-record.ts'
import type { Statement } from './statement.ts'
import { isInRange } from './versions-in-range.ts'

/**
 * How a finding is mended: the lowest version above the installed one that no advisory of it counts as affected. An
 * advisory that knows no fix at all does not stand against one that names it.
 */
export function fixOf(
  statements: readonly Statement[],
  scheme: VersionScheme,
): Pick<Finding, 'fixState' | 'fixedVersion' | 'fixAvailableAt'> {
  const ranges = statements.flatMap(({ hit }) => hit.ranges)
  const candidates = ranges.flatMap((range) => range.fixed ?? [])
  const informed = statements.filter(({ hit }) =>
    hit.ranges.some(({ fixed }) => fixed !== undefined),
  )
  const fixedVersion = lowestFix(informed, candidates, scheme)
  if (fixedVersion === undefined) return { fixState: unfixedState(statements) }
  const fixAvailableAt = ranges
    .flatMap((range) => (range.fixed === fixedVersion ? (range.fixAvailableAt ?? []) : []))
    .sort()
    .at(0)
  return {
    fixState: 'fixed',
    fixedVersion,
    ...(fixAvailableAt !== undefined && { fixAvailableAt }),
  }
}

function lowestFix(
  statements: readonly Statement[],
  candidates: readonly string[],
  scheme: VersionScheme,
): string | undefined {
  const ordered = [...new Set(candidates)].filter((version) => isReadable(scheme, version))
  ordered.sort((a, b) => compareVersions(scheme, a, b))
  return ordered.find((candidate) =>
    statements.every(
      ({ hit }) =>
        isAbove(scheme, candidate, hit.version) && !isHeld(scheme, candidate, hit.ranges),
    ),
  )
}

/** An installed version that cannot be read is below every fix: the fix is what one would install. */
function isAbove(scheme: VersionScheme, candidate: string, installed: string): boolean {
  return !isReadable(scheme, installed) || compareVersions(scheme, candidate, installed) > 0
}

function isHeld(scheme: VersionScheme, version: string, ranges: readonly AffectedRange[]): boolean {
  return ranges.some((range) => {
    try {
      return isInRange(scheme, version, range)
    } catch (error) {
      if (error instanceof InvalidVersion) return false
      throw error
    }
  })
}

function isReadable(scheme: VersionScheme, version: string): boolean {
  try {
    compareVersions(scheme, version, version)
    return true
  } catch (error) {
    if (error instanceof InvalidVersion) return false
    throw error
  }
}

/** An advisory may name fixes for other branches only: for this version there is none then. */
function unfixedState(statements: readonly Statement[]): FixState {
  const states = statements.map(({ hit }) =>
    hit.row.state === 'fixed' ? 'notFixed' : hit.row.state,
  )
  if (states.includes('wontFix')) return 'wontFix'
  return states.includes('notFixed') ? 'notFixed' : 'unknown'
}
