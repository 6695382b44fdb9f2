import { compareVersions, InvalidVersion, type VersionScheme } from '../versions/compare.ts'
import type { AffectedRange } from './advisory-record.ts'
import type { OsvRange } from './osv-record.ts'

/** In the order in which those of one version count: what begins and ends at one version holds none. */
type Event = { kind: 'introduced' | 'fixed' | 'lastAffected'; version: string }

/**
 * The versions that the events of one OSV range say are affected
 * (https://ossf.github.io/osv-schema/#evaluation): sorted, the last event at or below a version decides. `introduced: 0`
 * is before every version; Alpine's `introduced: 0, fixed: 0` means that none is affected, and gives no range. Events
 * whose versions cannot be ordered are taken as they stand.
 */
export function rangesOfEvents(range: OsvRange, scheme: VersionScheme): AffectedRange[] {
  const events = range.events.flatMap(eventsOf)
  const ranges = walk(sorted(events, scheme))
  const limits = range.events.flatMap((event) => event.limit ?? [])
  return limits.length === 0 || limits.includes('*') ? ranges : limited(ranges, limits, scheme)
}

function eventsOf(event: OsvRange['events'][number]): Event[] {
  const { introduced, fixed, last_affected: lastAffected } = event
  return [
    ...(introduced === undefined ? [] : [{ kind: 'introduced' as const, version: introduced }]),
    ...(fixed === undefined ? [] : [{ kind: 'fixed' as const, version: fixed }]),
    ...(lastAffected === undefined
      ? []
      : [{ kind: 'lastAffected' as const, version: lastAffected }]),
  ]
}

const rank = { introduced: 0, fixed: 1, lastAffected: 2 }

function sorted(events: readonly Event[], scheme: VersionScheme): readonly Event[] {
  try {
    return events.toSorted(
      (a, b) => compareEvents(a.version, b.version, scheme) || rank[a.kind] - rank[b.kind],
    )
  } catch (error) {
    if (error instanceof InvalidVersion) return events
    throw error
  }
}

/** OSV's `0` comes before everything, also where a scheme knows smaller versions. */
function compareEvents(a: string, b: string, scheme: VersionScheme): number {
  if (a === '0' || b === '0') return Number(a !== '0') - Number(b !== '0')
  return compareVersions(scheme, a, b)
}

function walk(events: readonly Event[]): AffectedRange[] {
  const ranges: AffectedRange[] = []
  let from: string | undefined
  for (const { kind, version } of events) {
    if (kind === 'introduced') {
      from ??= version
      continue
    }
    if (from === undefined) continue
    const isEmpty = kind === 'fixed' && from === version
    if (!isEmpty) {
      ranges.push({
        ...begin(from),
        to: version,
        ...(kind === 'fixed' ? { fixed: version } : { isToIncluded: true }),
      })
    }
    from = undefined
  }
  if (from !== undefined) ranges.push(begin(from))
  return ranges
}

function begin(from: string): AffectedRange {
  return from === '0' ? {} : { from }
}

/** A range counts below the highest limit only; a limit mends nothing. */
function limited(
  ranges: readonly AffectedRange[],
  limits: readonly string[],
  scheme: VersionScheme,
): AffectedRange[] {
  try {
    const limit = limits.reduce((a, b) => (compareVersions(scheme, a, b) < 0 ? b : a))
    return ranges
      .filter(({ from }) => from === undefined || compareVersions(scheme, from, limit) < 0)
      .map((range) =>
        range.to !== undefined && compareVersions(scheme, range.to, limit) < 0
          ? range
          : { ...(range.from !== undefined && { from: range.from }), to: limit },
      )
  } catch (error) {
    if (error instanceof InvalidVersion) return [...ranges]
    throw error
  }
}
