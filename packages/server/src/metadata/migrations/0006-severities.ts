import { type Kysely, sql } from 'kysely'
import type { Dialect } from './dialect.ts'

/** Findings of one severity in the order of their score: most of those of a low one stand behind all the others. */
export async function up(db: Kysely<unknown>, _dialect: Dialect): Promise<void> {
  await sql`create index tracked_findings_by_severity
    on tracked_findings (severity, score, vulnerability, package_name, repository_id)`.execute(db)
}
