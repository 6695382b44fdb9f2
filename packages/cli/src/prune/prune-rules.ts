import { ClientError } from '@berth/client/client-error.ts'
import { type Pattern, parsePattern } from '../pattern.ts'

export type PruneRules = {
  /** So many of the newest stay, among those that nothing else keeps. */
  readonly keepLast: number
  /** Younger than this stays, in ms. */
  readonly olderThan: number
  /** Only images with all their tags among these are looked at; empty: all. */
  readonly match: readonly Pattern[]
  /** An image with one of these tags stays. */
  readonly keep: readonly Pattern[]
  readonly keepReleases: boolean
  /** Pulled within this time stays, in ms. */
  readonly keepPulledWithin: number | undefined
  /** Whether manifests without a tag, which nothing leads to, are looked at too. */
  readonly untagged: boolean
  readonly unknownAge: 'keep' | 'remove'
}

/** The options of the command as they were typed. */
export type PruneOptions = {
  readonly keepLast?: string
  readonly olderThan?: string
  readonly match?: readonly string[]
  readonly keep?: readonly string[]
  readonly keepReleases?: boolean
  readonly keepPulledWithin?: string
  readonly untagged?: boolean
  readonly unknownAge?: string
}

const unitsMs: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000,
}

export const olderThanDefault = '90d'

/** Reads the options. Throws `inputInvalid`, saying which one is wrong. */
export function readPruneRules(options: PruneOptions): PruneRules {
  const {
    keepLast = '0',
    olderThan = olderThanDefault,
    keepPulledWithin,
    unknownAge = 'keep',
  } = options
  if (!/^[0-9]{1,9}$/.test(keepLast)) {
    throw new ClientError('inputInvalid', `--keep-last takes a number, and not "${keepLast}".`)
  }
  if (unknownAge !== 'keep' && unknownAge !== 'remove') {
    throw new ClientError(
      'inputInvalid',
      `--unknown-age is "keep" or "remove", and not "${unknownAge}".`,
    )
  }
  return {
    keepLast: Number(keepLast),
    olderThan: readTimeSpan('--older-than', olderThan),
    match: (options.match ?? []).map((source) => parsePattern(source)),
    keep: (options.keep ?? []).map((source) => parsePattern(source)),
    keepReleases: options.keepReleases ?? false,
    keepPulledWithin:
      keepPulledWithin === undefined
        ? undefined
        : readTimeSpan('--keep-pulled-within', keepPulledWithin),
    untagged: options.untagged ?? false,
    unknownAge,
  }
}

/** Reads `30m`, `12h`, `90d`, `6w` or `1y` as ms. Throws `inputInvalid` naming the option. */
export function readTimeSpan(option: string, text: string): number {
  const found = /^([0-9]{1,6})([mhdwy])$/.exec(text)
  const unit = unitsMs[found?.[2] ?? '']
  if (found === null || unit === undefined) {
    throw new ClientError(
      'inputInvalid',
      `${option} takes a time such as 30m, 12h, 90d, 6w or 1y, and not "${text}".`,
    )
  }
  return Number(found[1]) * unit
}
