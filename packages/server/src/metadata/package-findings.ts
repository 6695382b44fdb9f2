import { severities } from '@berth/scanner/finding.ts'
import { sql } from 'kysely'
import { type Executor, type Transaction, inPortions } from './database.ts'
import type { ImagesTable, PackageFindingsTable } from './scan-schema.ts'

export type FindingRow = PackageFindingsTable

type Severity = PackageFindingsTable['severity']

export type SeverityCounts = Pick<ImagesTable, Severity>

/** What is counted of the findings of an image. */
type FindingFigures = SeverityCounts & Pick<ImagesTable, 'worst_score' | 'fixable'>

/** Findings of these packages, 500 at most. */
export function findingsOf(db: Executor, packages: readonly number[]): Promise<FindingRow[]> {
  if (packages.length === 0) return Promise.resolve([])
  return db.selectFrom('package_findings').selectAll().where('package_id', 'in', packages).execute()
}

/** Makes `rows` the only findings of these packages. */
export async function replaceFindings(
  tx: Transaction,
  packages: readonly number[],
  rows: readonly FindingRow[],
): Promise<void> {
  await inPortions(packages, (portion) =>
    tx.deleteFrom('package_findings').where('package_id', 'in', portion).execute(),
  )
  await inPortions(rows, (portion) => tx.insertInto('package_findings').values(portion).execute())
}

/** With the package that has it. */
export type ImageFindingRow = FindingRow & {
  key: string
  kind: string
  name: string
  version: string
}

export type FindingFilter = {
  severities?: readonly Severity[] | undefined
  vulnerability?: string | undefined
  package?: string | undefined
  fixable?: boolean | undefined
}

/** Where a page of findings begins. */
export type FindingPlace = { score: number; vulnerability: string; packageId: number }

/** Findings of an image, the highest score first; those after `after` only. */
export function findingsOfImage(
  db: Executor,
  query: {
    digest: string
    filter: FindingFilter
    after: FindingPlace | undefined
    limit: number
  },
): Promise<ImageFindingRow[]> {
  const { filter, after } = query
  return db
    .selectFrom('image_packages')
    .innerJoin('package_findings', 'package_findings.package_id', 'image_packages.package_id')
    .innerJoin('packages', 'packages.id', 'image_packages.package_id')
    .selectAll('package_findings')
    .select(['packages.key', 'packages.kind', 'packages.name', 'packages.version'])
    .where('image_packages.image_digest', '=', query.digest)
    .$if(filter.severities !== undefined, (builder) =>
      builder.where('package_findings.severity', 'in', filter.severities ?? []),
    )
    .$if(filter.vulnerability !== undefined, (builder) =>
      builder.where('package_findings.vulnerability', '=', filter.vulnerability ?? ''),
    )
    .$if(filter.package !== undefined, (builder) =>
      builder.where('packages.name', '=', filter.package ?? ''),
    )
    .$if(filter.fixable === true, (builder) =>
      builder.where('package_findings.fixed_version', 'is not', null),
    )
    .$if(filter.fixable === false, (builder) =>
      builder.where('package_findings.fixed_version', 'is', null),
    )
    .$if(after !== undefined, (builder) =>
      builder.where((eb) => {
        const { score, vulnerability, packageId } = after ?? {
          score: 0,
          vulnerability: '',
          packageId: 0,
        }
        return eb.or([
          eb('package_findings.score', '<', score),
          eb.and([
            eb('package_findings.score', '=', score),
            eb(
              eb.refTuple('package_findings.vulnerability', 'package_findings.package_id'),
              '>',
              eb.tuple(vulnerability, packageId),
            ),
          ]),
        ])
      }),
    )
    .orderBy('package_findings.score', 'desc')
    .orderBy('package_findings.vulnerability')
    .orderBy('package_findings.package_id')
    .limit(query.limit)
    .execute()
}

/** How many findings of each severity, how many of all have a fix, and the worst score, of each of these images, 500 at most. */
export async function countFindings(
  db: Executor,
  digests: readonly string[],
): Promise<Map<string, FindingFigures>> {
  const counts = new Map<string, FindingFigures>()
  if (digests.length === 0) return counts
  const rows = await db
    .selectFrom('image_packages')
    .innerJoin('package_findings', 'package_findings.package_id', 'image_packages.package_id')
    .select(['image_packages.image_digest as digest', 'package_findings.severity'])
    .select((eb) => [
      eb.fn.countAll<number>().as('count'),
      eb.fn.max('package_findings.score').as('worst'),
      eb.fn.count<number>('package_findings.fixed_version').as('fixable'),
    ])
    .where('image_packages.image_digest', 'in', digests)
    .groupBy(['image_packages.image_digest', 'package_findings.severity'])
    .execute()
  for (const digest of digests) counts.set(digest, noFindings())
  for (const { digest, severity, count, worst, fixable } of rows) {
    const counted = counts.get(digest)
    if (!counted) continue
    counted[severity] = count
    counted.fixable += fixable
    counted.worst_score = Math.max(counted.worst_score, worst)
  }
  return counts
}

function noFindings(): FindingFigures {
  const counts = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 }
  return { ...counts, worst_score: 0, fixable: 0 }
}

export type PackageWithVulnerability = {
  id: number
  kind: string
  name: string
  version: string
  vulnerability: string
  severity: Severity
  score: number
  fixedVersion: string | null
}

/** Packages that have one of these vulnerabilities, by vulnerability and id; that of `from` is among them. */
export function packagesWithVulnerability(
  db: Executor,
  query: {
    vulnerabilities: readonly string[]
    from: { vulnerability: string; package: number } | undefined
    limit: number
  },
): Promise<PackageWithVulnerability[]> {
  const { from } = query
  return db
    .selectFrom('package_findings')
    .innerJoin('packages', 'packages.id', 'package_findings.package_id')
    .select(['packages.id', 'packages.kind', 'packages.name', 'packages.version'])
    .select(['vulnerability', 'severity', 'score', 'fixed_version as fixedVersion'])
    .where('vulnerability', 'in', query.vulnerabilities)
    .$if(from !== undefined, (builder) =>
      builder.where(({ eb, refTuple, tuple }) =>
        eb(
          refTuple('vulnerability', 'package_id'),
          '>=',
          tuple(from?.vulnerability ?? '', from?.package ?? 0),
        ),
      ),
    )
    .orderBy('vulnerability')
    .orderBy('package_id')
    .limit(query.limit)
    .execute()
}

/** The place of a severity in the order, 5 for the worst: `max` of it is the worst of several. */
export function severityRank(column: string) {
  return sql<number>`case ${sql.ref(column)} when 'critical' then 5 when 'high' then 4 when 'medium' then 3 when 'low' then 2 when 'negligible' then 1 else 0 end`
}

/** The severity of a rank. */
export function severityOfRank(rank: number): Severity {
  return severities[5 - rank] ?? 'unknown'
}
