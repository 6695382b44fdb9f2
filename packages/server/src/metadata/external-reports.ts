import type { Executor, Transaction } from './database.ts'
import type { ExternalReportsTable } from './scanners-schema.ts'

/** Which report of which image is meant. */
export type ReportKey = {
  readonly repositoryId: number
  readonly digest: string
  readonly scanner: string
}

const summary = [
  'image_digest',
  'scanner',
  'state',
  'reason',
  'product',
  'generated_at',
  'data_built_at',
  'is_truncated',
  'critical',
  'high',
  'medium',
  'low',
  'negligible',
  'unknown',
  'requested_at',
  'finished_at',
] as const

export type ReportSummary = Pick<ExternalReportsTable, (typeof summary)[number]>

/** Of these images, 500 at most, by image and scanner; without the contents. */
export function listReports(
  db: Executor,
  repositoryId: number,
  digests: readonly string[],
): Promise<ReportSummary[]> {
  if (digests.length === 0) return Promise.resolve([])
  return db
    .selectFrom('external_reports')
    .select(summary)
    .where('repository_id', '=', repositoryId)
    .where('image_digest', 'in', digests)
    .orderBy('image_digest')
    .orderBy('scanner')
    .execute()
}

/** `findings` or `raw` of the report that is kept, packed; `undefined` when there is none. */
export async function readReportPart(
  db: Executor,
  { repositoryId, digest, scanner }: ReportKey,
  part: 'findings' | 'raw',
): Promise<Uint8Array | undefined> {
  const row = await db
    .selectFrom('external_reports')
    .select(`${part} as packed`)
    .where('repository_id', '=', repositoryId)
    .where('image_digest', '=', digest)
    .where('scanner', '=', scanner)
    .executeTakeFirst()
  return row?.packed ?? undefined
}

/** Notes that a report is wanted; a former one stays. `false` when there is no such manifest. */
export async function wantReport(
  tx: Transaction,
  { repositoryId, digest, scanner }: ReportKey,
  now: string,
): Promise<boolean> {
  const result = await tx
    .insertInto('external_reports')
    .columns(['repository_id', 'image_digest', 'scanner', 'state', 'requested_at'])
    .expression((eb) =>
      eb
        .selectFrom('manifests')
        .select((column) => [
          'repository_id',
          'digest',
          column.cast<string>(column.val(scanner), 'text').as('scanner'),
          column.cast<'waiting'>(column.val('waiting'), 'text').as('state'),
          column.cast<string>(column.val(now), 'text').as('requested_at'),
        ])
        .where('repository_id', '=', repositoryId)
        .where('digest', '=', digest),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['repository_id', 'image_digest', 'scanner'])
        .doUpdateSet({ state: 'waiting', reason: null, requested_at: now }),
    )
    .executeTakeFirst()
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n
}

/** `false` when nobody wants the report any more: the image or the scanner is gone. */
export async function updateReport(
  tx: Transaction,
  { repositoryId, digest, scanner }: ReportKey,
  change: Partial<Omit<ExternalReportsTable, 'repository_id' | 'image_digest' | 'scanner'>>,
): Promise<boolean> {
  const result = await tx
    .updateTable('external_reports')
    .set(change)
    .where('repository_id', '=', repositoryId)
    .where('image_digest', '=', digest)
    .where('scanner', '=', scanner)
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}

/** Which of these vulnerabilities Berth found in the image itself. */
export async function vulnerabilitiesFoundIn(
  db: Executor,
  digest: string,
  vulnerabilities: readonly string[],
): Promise<ReadonlySet<string>> {
  if (vulnerabilities.length === 0) return new Set()
  const rows = await db
    .selectFrom('image_packages')
    .innerJoin('package_findings', 'package_findings.package_id', 'image_packages.package_id')
    .select('package_findings.vulnerability')
    .distinct()
    .where('image_packages.image_digest', '=', digest)
    .where('package_findings.vulnerability', 'in', vulnerabilities)
    .execute()
  return new Set(rows.map(({ vulnerability }) => vulnerability))
}
