import { type Executor, type Transaction, inPortions } from './database.ts'
import { severityOfRank, severityRank } from './package-findings.ts'
import type { TrackedFindingsTable } from './scan-schema.ts'

export type TrackedFinding = TrackedFindingsTable

/** A finding as it stands now in the tagged images of a repository. */
export type PresentFinding = Pick<
  TrackedFinding,
  'package_name' | 'vulnerability' | 'severity' | 'score' | 'fix_available_at' | 'known_exploited'
> & {
  /** A version mends it. */
  is_fixed: boolean
}

/** Digests of the images that tags of a repository lead to, right or through an index. */
function taggedImages(db: Executor, repositoryId: number) {
  return db
    .selectFrom('tags')
    .select('tags.manifest_digest as digest')
    .where('tags.repository_id', '=', repositoryId)
    .union(
      db
        .selectFrom('tags')
        .innerJoin('manifest_references', (join) =>
          join
            .onRef('manifest_references.repository_id', '=', 'tags.repository_id')
            .onRef('manifest_references.manifest_digest', '=', 'tags.manifest_digest'),
        )
        .innerJoin('images', 'images.digest', 'manifest_references.digest')
        .select('manifest_references.digest')
        .where('tags.repository_id', '=', repositoryId),
    )
}

/** Whether a tagged image of the repository has yet to be looked into. */
export async function hasWaitingImages(db: Executor, repositoryId: number): Promise<boolean> {
  const row = await db
    .with('tagged', () => taggedImages(db, repositoryId))
    .selectFrom('tagged')
    .innerJoin('images', 'images.digest', 'tagged.digest')
    .select('images.digest')
    .where('images.state', '=', 'waiting')
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** Every finding of the tagged images of a repository, one for each package name and vulnerability. */
export async function presentFindings(
  db: Executor,
  repositoryId: number,
): Promise<PresentFinding[]> {
  const rows = await db
    .with('tagged', () => taggedImages(db, repositoryId))
    .selectFrom('tagged')
    .innerJoin('image_packages', 'image_packages.image_digest', 'tagged.digest')
    .innerJoin('package_findings', 'package_findings.package_id', 'image_packages.package_id')
    .innerJoin('packages', 'packages.id', 'image_packages.package_id')
    .select(['packages.kind', 'packages.name', 'package_findings.vulnerability'])
    .select((eb) => [
      eb.fn.max(severityRank('package_findings.severity')).as('rank'),
      eb.fn.max('package_findings.score').as('score'),
      eb.fn.min('package_findings.fix_available_at').as('fix_available_at'),
      eb.fn.min('package_findings.known_exploited').as('known_exploited'),
      eb.fn.count('package_findings.fixed_version').as('fixed'),
    ])
    .groupBy(['packages.kind', 'packages.name', 'package_findings.vulnerability'])
    .execute()
  return rows.map(({ kind, name, rank, fixed, ...row }) => ({
    ...row,
    package_name: `${kind}:${name}`,
    severity: severityOfRank(rank),
    is_fixed: Number(fixed) > 0,
  }))
}

/** Every finding that a repository ever had. */
export function trackedFindings(db: Executor, repositoryId: number): Promise<TrackedFinding[]> {
  return db
    .selectFrom('tracked_findings')
    .selectAll()
    .where('repository_id', '=', repositoryId)
    .execute()
}

/** Writes findings of repositories, in place of what was known of them. */
export async function saveTrackedFindings(
  tx: Transaction,
  findings: readonly TrackedFinding[],
): Promise<void> {
  await inPortions(findings, (portion) =>
    tx
      .insertInto('tracked_findings')
      .values(portion)
      .onConflict((conflict) =>
        conflict.columns(['repository_id', 'package_name', 'vulnerability']).doUpdateSet((eb) => ({
          severity: eb.ref('excluded.severity'),
          score: eb.ref('excluded.score'),
          first_seen_at: eb.ref('excluded.first_seen_at'),
          fix_available_at: eb.ref('excluded.fix_available_at'),
          known_exploited: eb.ref('excluded.known_exploited'),
          last_seen_at: eb.ref('excluded.last_seen_at'),
          closed_at: eb.ref('excluded.closed_at'),
          due_at: eb.ref('excluded.due_at'),
        })),
      )
      .execute(),
  )
}

/** Counts anew what is open in a repository. */
export async function recountFindings(tx: Transaction, repositoryId: number): Promise<void> {
  const rows = await tx
    .selectFrom('tracked_findings')
    .select(['severity', (eb) => eb.fn.countAll<number>().as('count')])
    .where('repository_id', '=', repositoryId)
    .where('closed_at', 'is', null)
    .groupBy('severity')
    .execute()
  const counts = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 }
  for (const { severity, count } of rows) counts[severity] = count
  await tx
    .insertInto('finding_counts')
    .values({ repository_id: repositoryId, ...counts })
    .onConflict((conflict) => conflict.column('repository_id').doUpdateSet(counts))
    .execute()
}

/** Sets when a finding has to be mended. */
export async function setDueDate(
  tx: Transaction,
  finding: Pick<TrackedFinding, 'repository_id' | 'package_name' | 'vulnerability' | 'due_at'>,
): Promise<void> {
  await tx
    .updateTable('tracked_findings')
    .set({ due_at: finding.due_at })
    .where('repository_id', '=', finding.repository_id)
    .where('package_name', '=', finding.package_name)
    .where('vulnerability', '=', finding.vulnerability)
    .execute()
}

/** What a repository knows of a finding. */
export function trackedFinding(
  db: Executor,
  finding: { repositoryId: number; package: string; vulnerability: string },
): Promise<TrackedFinding | undefined> {
  return db
    .selectFrom('tracked_findings')
    .selectAll()
    .where('repository_id', '=', finding.repositoryId)
    .where('package_name', '=', finding.package)
    .where('vulnerability', '=', finding.vulnerability)
    .executeTakeFirst()
}

/** When these vulnerabilities were first seen in a repository, by `kind:name` and vulnerability with a space between. */
export async function firstSeen(
  db: Executor,
  repositoryId: number,
  vulnerabilities: readonly string[],
): Promise<Map<string, string>> {
  const seen = new Map<string, string>()
  await inPortions(vulnerabilities, async (portion) => {
    const rows = await db
      .selectFrom('tracked_findings')
      .select(['package_name', 'vulnerability', 'first_seen_at'])
      .where('repository_id', '=', repositoryId)
      .where('vulnerability', 'in', portion)
      .execute()
    for (const row of rows) seen.set(`${row.package_name} ${row.vulnerability}`, row.first_seen_at)
  })
  return seen
}

/** Repositories by id after `after` that have tags or findings. */
export async function repositoriesToTrack(
  db: Executor,
  query: { after: number; limit: number },
): Promise<number[]> {
  const rows = await db
    .selectFrom('repositories')
    .select('id')
    .where('id', '>', query.after)
    .orderBy('id')
    .limit(query.limit)
    .execute()
  return rows.map((row) => row.id)
}
