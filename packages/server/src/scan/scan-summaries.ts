import { severities } from '@berth/scanner/finding.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import { LRUCache } from 'lru-cache'
import { levelsOf } from '../access/project-name.ts'
import type { Database } from '../metadata/database.ts'
import { findImages, type ImageRow } from '../metadata/images.ts'
import { jobStates } from '../metadata/jobs.ts'
import type { SeverityCounts } from '../metadata/package-findings.ts'
import { readPolicyEpoch } from '../metadata/policies.ts'
import { hasVexRows } from '../metadata/vex-statements.ts'
import type { ImageFindings } from './image-findings.ts'
import { stateOfScan } from './scans.ts'

/** What scanning knows of an image, for a row of a table. */
export type ScanSummary = {
  platform: string | null
  state: 'none' | 'waiting' | 'running' | 'catalogued' | 'failed' | 'unsupported'
  /** Without those that somebody judged away. */
  counts: SeverityCounts
  worst: keyof SeverityCounts | null
  /** Of all findings those that a newer version mends. */
  fixable: number
}

const noCounts = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 }
const keptCounts = 5000

/** Tells of many images at a time what scanning knows, with a few reads. */
export class ScanSummaries {
  readonly #database: Database
  readonly #findings: ImageFindings
  /** What was judged away; by image, its revision, and the epoch of what people say of findings. */
  readonly #judgedAway = new LRUCache<string, SeverityCounts>({ max: keptCounts })

  constructor(parts: { database: Database; findings: ImageFindings }) {
    this.#database = parts.database
    this.#findings = parts.findings
  }

  /** By digest, of images of this repository, 500 at most; each has an answer. */
  async summarize(
    repository: RepositoryName,
    digests: readonly string[],
  ): Promise<Map<string, ScanSummary>> {
    const { read } = this.#database
    const rows = await findImages(read, digests)
    const jobs = await jobStates(
      read,
      rows.flatMap((row) => row.scan_job ?? []),
    )
    const isJudged =
      rows.length > 0 && (await hasVexRows(read, { projects: levelsOf(repository), repository }))
    const epoch = isJudged ? await readPolicyEpoch(read) : 0
    const summaries = new Map<string, ScanSummary>()
    for (const row of rows) {
      const away = isJudged ? await this.#readJudgedAway(repository, row, epoch) : noCounts
      const counts = { ...noCounts }
      for (const severity of severities) {
        counts[severity] = Math.max(0, row[severity] - away[severity])
      }
      summaries.set(row.digest, {
        platform: row.platform,
        state: stateOfScan(row, row.scan_job === null ? undefined : jobs.get(row.scan_job)),
        counts,
        worst: severities.find((severity) => counts[severity] > 0) ?? null,
        fixable: row.fixable,
      })
    }
    for (const digest of digests) {
      if (summaries.has(digest)) continue
      const unknown = { platform: null, state: 'none', worst: null, fixable: 0 } as const
      summaries.set(digest, { ...unknown, counts: noCounts })
    }
    return summaries
  }

  async #readJudgedAway(
    repository: RepositoryName,
    row: ImageRow,
    epoch: number,
  ): Promise<SeverityCounts> {
    const key = `${repository} ${row.digest} ${row.revision} ${epoch}`
    const known = this.#judgedAway.get(key)
    if (known) return known
    const { counts } = await this.#findings.judgedAway(repository, row)
    this.#judgedAway.set(key, counts)
    return counts
  }
}
