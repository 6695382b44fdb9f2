import { compareVersions, type VersionScheme } from '../versions/compare.ts'
import type { AffectedRange } from './advisory-record.ts'

/**
 * Whether the range holds the version; one without ends holds whatever is written as a version. Throws `InvalidVersion`
 * when one of them cannot be read.
 */
export function isInRange(scheme: VersionScheme, version: string, range: AffectedRange): boolean {
  if (range.from !== undefined) {
    const difference = compareVersions(scheme, version, range.from)
    if (difference < 0 || (difference === 0 && range.isFromExcluded === true)) return false
  }
  if (range.to === undefined) return true
  const difference = compareVersions(scheme, version, range.to)
  return difference < 0 || (difference === 0 && range.isToIncluded === true)
}
