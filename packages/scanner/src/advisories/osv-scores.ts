import type { Score } from '../finding.ts'
import { scoreOfVector } from './cvss.ts'
import { isMalware } from './osv-names.ts'
import type { OsvRecord, OsvSeverity } from './osv-record.ts'
import { scoreOfWord } from './severity.ts'
import { textIn } from './text-in.ts'

/**
 * Whose judgement a record's scores are, by the beginning of its id. Those of Debian, Alpine and, unless they say
 * otherwise, Ubuntu are copied from NVD; Ubuntu's own is its word.
 */
const authorities: readonly (readonly [prefix: string, authority: string])[] = [
  ['GHSA-', 'ghsa'],
  ['CVE-', 'nvd'],
  ['DEBIAN-CVE-', 'nvd'],
  ['ALPINE-CVE-', 'nvd'],
  ['UBUNTU-CVE-', 'nvd'],
  ['RHSA-', 'redhat'],
  ['RHBA-', 'redhat'],
  ['RHEA-', 'redhat'],
  ['RLSA-', 'rocky'],
  ['RXSA-', 'rocky'],
  ['ALSA-', 'almalinux'],
  ['ALBA-', 'almalinux'],
  ['ALEA-', 'almalinux'],
  ['SUSE-', 'suse'],
  ['openSUSE-', 'suse'],
  ['DSA-', 'debian'],
  ['DLA-', 'debian'],
  ['USN-', 'ubuntu'],
  ['CGA-', 'chainguard'],
  ['PYSEC-', 'pypa'],
  ['GO-', 'go'],
  ['RUSTSEC-', 'rustsec'],
  ['MAL-', 'ossf'],
]

/** The scores in a record: vectors, words, and of malware that it is critical. */
export function scoresOfOsv(record: OsvRecord): Score[] {
  const authority = authorities.find(([prefix]) => record.id.startsWith(prefix))?.[1] ?? 'osv'
  if (isMalware(record.id)) return wordScore(authority, 'critical')
  const severities = [
    ...(record.severity ?? []),
    // Some say it for each package, and nearly always the same.
    ...(record.affected ?? []).flatMap((entry) => entry.severity ?? []),
  ]
  const scores = severities.flatMap((severity) => scoreOf(severity, authority) ?? [])
  const word = textIn(record.database_specific, 'severity') ?? wordInTitle(record)
  return scores.length > 0 || word === undefined ? distinct(scores) : wordScore(authority, word)
}

function wordScore(authority: string, word: string): Score[] {
  const score = scoreOfWord(authority, word)
  return score === undefined ? [] : [score]
}

/** https://ossf.github.io/osv-schema/#severity-field: vectors under `CVSS_…`, words under their publisher's name. */
function scoreOf(severity: OsvSeverity, authority: string): Score | undefined {
  const { type, score, source } = severity
  if (type.startsWith('CVSS_')) return scoreOfVector(source?.toLowerCase() ?? authority, score)
  return scoreOfWord(type.toLowerCase().replaceAll(' ', ''), score)
}

/** AlmaLinux and Red Hat say it nowhere but in the title: `Important: kernel security update`. */
function wordInTitle(record: OsvRecord): string | undefined {
  if (!/^(?:AL|RH|RL)[A-Z]A-/.test(record.id)) return undefined
  return /^(Critical|Important|Moderate|Low): /.exec(record.summary ?? '')?.[1]
}

function distinct(scores: readonly Score[]): Score[] {
  return [...new Map(scores.map((score) => [JSON.stringify(score), score])).values()]
}
