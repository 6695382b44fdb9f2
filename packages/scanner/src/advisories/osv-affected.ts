import { schemeOf, compareVersions, InvalidVersion } from '../versions/compare.ts'
import type { VersionScheme } from '../versions/compare.ts'
import type { AffectedPackage, AffectedRange } from './advisory-record.ts'
import { hasModules, kindOfEcosystem, packageNameOf, type Place } from './ecosystems.ts'
import { placeOfOsvEcosystem } from './osv-ecosystem.ts'
import { rangesOfEvents } from './osv-ranges.ts'
import type { OsvAffected, OsvRecord } from './osv-record.ts'
import { textIn } from './text-in.ts'
import { isInRange } from './versions-in-range.ts'

/** Why an entry of `affected` says nothing that can be matched. */
export type LeftOut = 'of ecosystems not matched' | 'without versions' | 'not affected'

/** What one entry of `affected` says, in Berth's terms; a text when it says nothing that can be matched. */
export function affectedOfOsv(entry: OsvAffected, record: OsvRecord): AffectedPackage | LeftOut {
  const place = entry.package ? placeOfOsvEcosystem(entry.package.ecosystem) : undefined
  const kind = place && kindOfEcosystem(place.ecosystem)
  if (!entry.package || place === undefined || kind === undefined) {
    return 'of ecosystems not matched'
  }
  const scheme = schemeOf(kind)
  // GIT ranges speak of commits, which no package tells.
  const usable = (entry.ranges ?? []).filter((range) => range.type !== 'GIT')
  const ranges = usable.flatMap((range) => rangesOfEvents(range, scheme))
  const versions = notInRanges(entry.versions ?? [], ranges, scheme)
  if (ranges.length === 0 && versions.length === 0) {
    return usable.length > 0 ? 'not affected' : 'without versions'
  }
  const severity = wordOf(entry)
  return {
    ...place,
    name: packageNameOf(place.ecosystem, entry.package.name),
    ranges,
    versions,
    state: ranges.some(({ fixed }) => fixed !== undefined) ? 'fixed' : 'notFixed',
    ...(severity !== undefined && { severity }),
    ...moduleOf(place, ranges, record),
  }
}

/** Distributions list every version that there ever was; those that a range holds need not be kept. */
function notInRanges(
  versions: readonly string[],
  ranges: readonly AffectedRange[],
  scheme: VersionScheme,
): string[] {
  return versions.filter((version) => {
    try {
      compareVersions(scheme, version, version)
      return !ranges.some((range) => isInRange(scheme, version, range))
    } catch (error) {
      if (error instanceof InvalidVersion) return true
      throw error
    }
  })
}

/** Debian's urgency, and what others say of the severity for this package. */
function wordOf(entry: OsvAffected): string | undefined {
  return (
    textIn(entry.ecosystem_specific, 'urgency') ??
    textIn(entry.ecosystem_specific, 'severity') ??
    textIn(entry.database_specific, 'severity')
  )
}

/**
 * Which module's packages are meant. OSV has no field for it: the versions of a module's packages say `.module`, and the
 * title names the module. Without a title that does, packages of any module are (`*`).
 */
function moduleOf(
  place: Place,
  ranges: readonly AffectedRange[],
  record: OsvRecord,
): { module?: string } {
  if (!hasModules(place.ecosystem)) return {}
  if (!ranges.some(({ fixed }) => fixed !== undefined && /\.module[+_]/.test(fixed))) {
    return { module: '' }
  }
  const named = /(?:^|\s)([a-z][a-z0-9_-]*:[A-Za-z0-9._-]+)(?:\s|$)/.exec(record.summary ?? '')?.[1]
  return { module: named ?? '*' }
}
