import { compareVersions, InvalidVersion, type VersionScheme } from '../versions/compare.ts'
import type { AffectedRange } from './advisory-record.ts'
import { readRanges } from './range-text.ts'
import type { AffectedRow } from './rows.ts'
import { isInRange } from './versions-in-range.ts'

/** A row that holds the version, or may hold it. */
export type Hit = {
  readonly row: AffectedRow
  readonly ranges: readonly AffectedRange[]
  readonly version: string
  /** A version could not be read, here or in the advisory. */
  readonly isUndetermined: boolean
}

/** `undefined`: the row does not concern this version or module. */
export function judgeRow(
  row: AffectedRow,
  subject: { scheme: VersionScheme; version: string; modularity?: string | undefined },
): Hit | undefined {
  if (!isOfModule(row.module, subject.modularity)) return undefined
  const { scheme, version } = subject
  const ranges = readRanges(row.ranges)
  const verdict = isAffected(scheme, version, ranges, row.versions)
  if (verdict === 'not') return undefined
  return { row, ranges, version, isUndetermined: verdict === 'undetermined' }
}

/** `versions` is an OR with the ranges: https://ossf.github.io/osv-schema/#evaluation. */
function isAffected(
  scheme: VersionScheme,
  version: string,
  ranges: readonly AffectedRange[],
  versions: string | null,
): 'affected' | 'not' | 'undetermined' {
  if (versions !== null && isListed(scheme, version, JSON.parse(versions) as string[])) {
    return 'affected'
  }
  let isUndetermined = false
  for (const range of ranges) {
    try {
      if (isInRange(scheme, version, range)) return 'affected'
    } catch (error) {
      if (!(error instanceof InvalidVersion)) throw error
      isUndetermined = true
    }
  }
  return isUndetermined ? 'undetermined' : 'not'
}

/** By its text or, where both can be read, by its meaning: `1.0` is `1.0.0` for Python. */
function isListed(scheme: VersionScheme, version: string, listed: readonly string[]): boolean {
  return (
    listed.includes(version) ||
    listed.some((one) => {
      try {
        return compareVersions(scheme, version, one) === 0
      } catch (error) {
        if (error instanceof InvalidVersion) return false
        throw error
      }
    })
  )
}

/** rpm's label is `name:stream:version:context`; see `AffectedPackage.module`. */
function isOfModule(module: string | null, label: string | undefined): boolean {
  if (module === null) return true
  if (module === '') return label === undefined
  if (label === undefined) return false
  return module === '*' || label === module || label.startsWith(`${module}:`)
}
