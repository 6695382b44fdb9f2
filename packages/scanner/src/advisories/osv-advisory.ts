import type { Score } from '../finding.ts'
import type { AdvisoryRecord, AffectedPackage } from './advisory-record.ts'
import { isDistribution } from './ecosystems.ts'
import { momentOf } from './moment.ts'
import { affectedOfOsv, type LeftOut } from './osv-affected.ts'
import { isMalware, namesOfOsv } from './osv-names.ts'
import type { OsvRecord } from './osv-record.ts'
import { scoresOfOsv } from './osv-scores.ts'

/** Enough for people; the advisory itself is one reference away. */
const maxDescription = 4000
const maxTitle = 300
const maxReferences = 10
const maxAddress = 500

/**
 * An OSV record in Berth's terms. `advisory` is absent when no entry of it can be matched; `leftOut` has the reason of
 * each entry that cannot. `scores` are those that belong to the vulnerability rather than to this advisory.
 */
export function advisoryOfOsv(record: OsvRecord): {
  advisory?: {
    record: AdvisoryRecord
    scores: readonly { vulnerability: string; score: Score }[]
  }
  leftOut: readonly LeftOut[]
} {
  const affected: AffectedPackage[] = []
  const leftOut: LeftOut[] = []
  for (const entry of record.affected ?? []) {
    const read = affectedOfOsv(entry, record)
    if (typeof read === 'string') leftOut.push(read)
    else affected.push(read)
  }
  if (affected.length === 0) return { leftOut }
  const isOfDistribution = affected.some(({ ecosystem }) => isDistribution(ecosystem))
  const names = namesOfOsv(record, isOfDistribution)
  const scores = scoresOfOsv(record)
  // GitHub's advisories are the only ones here that speak of one vulnerability as such.
  const [vulnerability] = names.vulnerabilities
  const isShared =
    record.id.startsWith('GHSA-') &&
    names.vulnerabilities.length === 1 &&
    vulnerability !== undefined
  return {
    advisory: {
      record: {
        id: record.id,
        ...names,
        ...descriptionOf(record),
        references: referencesOf(record),
        cwes: cwesOf(record),
        scores: isShared ? [] : scores,
        ...(isMalware(record.id) && { isMalware: true }),
        affected: withFixDates(affected, record, names.vulnerabilities),
      },
      scores: isShared ? scores.map((score) => ({ vulnerability, score })) : [],
    },
    leftOut,
  }
}

function descriptionOf(
  record: OsvRecord,
): Pick<AdvisoryRecord, 'published' | 'modified' | 'title' | 'description'> {
  return {
    published: momentOf(record.published),
    modified: momentOf(record.modified),
    title: cut(record.summary, maxTitle),
    description: cut(record.details, maxDescription),
  }
}

function cut(text: string | null | undefined, length: number): string | undefined {
  const trimmed = text?.trim() ?? ''
  if (trimmed === '') return undefined
  return trimmed.length <= length ? trimmed : `${trimmed.slice(0, length - 1).trimEnd()}…`
}

/** What tells most comes first. Only addresses of the web: they are shown as links. */
function referencesOf(record: OsvRecord): string[] {
  const rank = (type: string): number =>
    type === 'ADVISORY' ? 0 : type === 'FIX' ? 1 : type === 'REPORT' ? 2 : 3
  const addresses = (record.references ?? [])
    .filter(({ url }) => /^https?:\/\//.test(url) && url.length <= maxAddress)
    .toSorted((a, b) => rank(a.type ?? '') - rank(b.type ?? ''))
    .map(({ url }) => url)
  return [...new Set(addresses)].slice(0, maxReferences)
}

function cwesOf(record: OsvRecord): string[] {
  const specific = record.database_specific
  if (typeof specific !== 'object' || specific === null || !('cwe_ids' in specific)) return []
  const found: unknown = specific.cwe_ids
  if (!Array.isArray(found)) return []
  return found.filter((cwe): cwe is string => typeof cwe === 'string' && /^CWE-\d+$/.test(cwe))
}

/**
 * A distribution's advisory comes out with its fix. That does not hold for its records of single CVEs, which come out
 * with the CVE.
 */
function withFixDates(
  affected: readonly AffectedPackage[],
  record: OsvRecord,
  vulnerabilities: readonly string[],
): AffectedPackage[] {
  const published = momentOf(record.published)
  const isOfCve = vulnerabilities.some((name) => record.id.endsWith(name))
  return affected.map((one) =>
    published === undefined || isOfCve || !isDistribution(one.ecosystem)
      ? one
      : {
          ...one,
          ranges: one.ranges.map((range) =>
            range.fixed === undefined ? range : { ...range, fixAvailableAt: published },
          ),
        },
  )
}
