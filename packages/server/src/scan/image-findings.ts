import type { Finding, PackageFinding, VexJudgement } from '@berth/scanner/finding.ts'
import type { CataloguedPackage } from '@berth/scanner/package.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import { levelsOf } from '../access/project-name.ts'
import { readCursor, writeCursor } from '../cursor.ts'
import type { Database } from '../metadata/database.ts'
import {
  type FindingFilter,
  type FindingPlace,
  type ImageFindingRow,
  type SeverityCounts,
  findingsOfImage,
} from '../metadata/package-findings.ts'
import { findRepository } from '../metadata/repositories.ts'
import { firstSeen } from '../metadata/tracked-findings.ts'
import { type VexRow, vexRowsFor } from '../metadata/vex-statements.ts'
import { packageKey } from './distinct-package.ts'
import type { CataloguedImage } from './scanned-images.ts'
import { isSuppressing, judgementOf } from './vex-judging.ts'

/** A finding of an image in a repository, with what people say of it. */
export type JudgedFinding = {
  readonly finding: Finding
  /** The package at each place where it is; never empty. */
  readonly packages: readonly CataloguedPackage[]
  readonly firstSeenAt: string | null
  /** Judged away. */
  readonly suppressed: VexJudgement | undefined
}

const portion = 500
/** Rows that a page of filtered findings looks at. */
const windowsMax = 20

/** The findings of images as a repository sees them: judgements hold in projects, and clocks in repositories. */
export class ImageFindings {
  readonly #database: Database

  constructor(parts: { database: Database }) {
    this.#database = parts.database
  }

  /** The worst first. A page may be short though `next` leads on. Throws `requestInvalid` for a foreign `after`. */
  async list(
    repository: RepositoryName,
    image: CataloguedImage,
    query: {
      filter: FindingFilter
      suppressed: boolean | undefined
      after: string | undefined
      limit: number
    },
  ): Promise<{ items: JudgedFinding[]; next: string | null }> {
    const rows = await this.#statements(repository, image.row.digest)
    const places = packagesByKey(image)
    const items: JudgedFinding[] = []
    let after = query.after === undefined ? undefined : readPlace(query.after)
    for (let window = 0; window < windowsMax; window += 1) {
      const limit = Math.max(query.limit + 1, 50)
      const found = await findingsOfImage(this.#database.read, {
        digest: image.row.digest,
        filter: query.filter,
        after,
        limit,
      })
      for (const judged of await this.#judge(repository, found, rows, places)) {
        if (items.length === query.limit) return { items, next: after ? toCursor(after) : null }
        after = placeOf(judged.row)
        const isSuppressed = judged.suppressed !== undefined
        if (query.suppressed === undefined || query.suppressed === isSuppressed) items.push(judged)
      }
      if (found.length < limit) return { items, next: null }
    }
    return { items, next: after ? toCursor(after) : null }
  }

  /** All of them, for a report. */
  async all(repository: RepositoryName, image: CataloguedImage): Promise<JudgedFinding[]> {
    const rows = await this.#statements(repository, image.row.digest)
    const places = packagesByKey(image)
    const items: JudgedFinding[] = []
    for (let after: FindingPlace | undefined; ; ) {
      const found = await findingsOfImage(this.#database.read, {
        digest: image.row.digest,
        filter: {},
        after,
        limit: portion,
      })
      items.push(...(await this.#judge(repository, found, rows, places)))
      const last = found.at(-1)
      if (last === undefined || found.length < portion) return items
      after = placeOf(last)
    }
  }

  /** How many of each severity were judged away, and the worst score of the rest, times ten. */
  async judgedAway(
    repository: RepositoryName,
    { digest, worst_score }: { digest: string; worst_score: number },
  ): Promise<{ counts: SeverityCounts; worstScore: number }> {
    const counts = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 }
    const rows = await this.#statements(repository, digest)
    if (rows.length === 0) return { counts, worstScore: worst_score }
    let worstScore = 0
    for (let after: FindingPlace | undefined; ; ) {
      const found = await findingsOfImage(this.#database.read, {
        digest,
        filter: {},
        after,
        limit: portion,
      })
      for (const row of found) {
        if (isSuppressing(judgementOf(rows, judgedOf(row)))) counts[row.severity] += 1
        else worstScore = Math.max(worstScore, row.score)
      }
      const last = found.at(-1)
      if (last === undefined || found.length < portion) return { counts, worstScore }
      after = placeOf(last)
    }
  }

  #statements(repository: RepositoryName, digest: string): Promise<VexRow[]> {
    return vexRowsFor(this.#database.read, {
      projects: levelsOf(repository),
      repository,
      digest,
    })
  }

  async #judge(
    repository: RepositoryName,
    found: readonly ImageFindingRow[],
    statements: readonly VexRow[],
    places: ReadonlyMap<string, CataloguedPackage[]>,
  ): Promise<(JudgedFinding & { row: ImageFindingRow })[]> {
    const { read } = this.#database
    const holder = await findRepository(read, repository)
    const names = [...new Set(found.map((row) => row.vulnerability))]
    const seen = holder ? await firstSeen(read, holder.id, names) : new Map<string, string>()
    return found.flatMap((row) => {
      const packages = places.get(row.key)
      // The image was scanned anew in between: the next request sees all of it.
      if (packages === undefined) return []
      const judgement = judgementOf(statements, judgedOf(row))
      return {
        row,
        finding: JSON.parse(row.finding) as Finding,
        packages,
        firstSeenAt: seen.get(`${row.kind}:${row.name} ${row.vulnerability}`) ?? null,
        suppressed: isSuppressing(judgement) ? judgement : undefined,
      }
    })
  }
}

/** As reports have them: one for each place. */
export function toPackageFindings({ finding, packages }: JudgedFinding): PackageFinding[] {
  return packages.map((one) => ({ ...finding, package: one }))
}

function judgedOf(row: ImageFindingRow) {
  const { aliases } = JSON.parse(row.finding) as Pick<Finding, 'aliases'>
  const { vulnerability, kind, name, version } = row
  return { vulnerability, aliases, kind, name, version }
}

function packagesByKey({ catalogue }: CataloguedImage): Map<string, CataloguedPackage[]> {
  return Map.groupBy(catalogue.packages, (one) => packageKey(one, catalogue.distribution))
}

function placeOf(row: ImageFindingRow): FindingPlace {
  return { score: row.score, vulnerability: row.vulnerability, packageId: row.package_id }
}

function toCursor({ score, vulnerability, packageId }: FindingPlace): string {
  return writeCursor(String(score), vulnerability, String(packageId))
}

function readPlace(cursor: string): FindingPlace {
  const [score, vulnerability = '', packageId] = readCursor(cursor, 3)
  return { score: Number(score) || 0, vulnerability, packageId: Number(packageId) || 0 }
}
