import type { AffectedRange } from './advisory-record.ts'

/** `from`, `to`, `fixed`, `fixAvailableAt`, then 1 for an excluded `from` plus 2 for an included `to`. */
type Stored = [string | null, string | null, string | null, string | null, number]

/** As the column `affected.ranges` holds them. */
export function writeRanges(ranges: readonly AffectedRange[]): string {
  return JSON.stringify(
    ranges.map(
      (range): Stored => [
        range.from ?? null,
        range.to ?? null,
        // Nearly always the same: kept once.
        range.fixed === range.to ? (range.fixed === undefined ? null : '=') : (range.fixed ?? null),
        range.fixAvailableAt ?? null,
        (range.isFromExcluded === true ? 1 : 0) + (range.isToIncluded === true ? 2 : 0),
      ],
    ),
  )
}

export function readRanges(text: string): AffectedRange[] {
  return (JSON.parse(text) as Stored[]).map(([from, to, fixed, fixAvailableAt, ends]) => ({
    ...(from !== null && { from }),
    ...(to !== null && { to }),
    ...(fixed !== null && { fixed: fixed === '=' && to !== null ? to : fixed }),
    ...(fixAvailableAt !== null && { fixAvailableAt }),
    ...((ends & 1) !== 0 && { isFromExcluded: true }),
    ...((ends & 2) !== 0 && { isToIncluded: true }),
  }))
}
