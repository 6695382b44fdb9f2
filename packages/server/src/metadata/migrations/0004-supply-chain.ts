import type { Kysely } from 'kysely'
import { addPolicy } from './0004-policy.ts'
import { addScan } from './0004-scan.ts'
import { addSignatures } from './0004-signatures.ts'
import type { Dialect } from './dialect.ts'

/** Scanning, signatures and policies. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await addScan(db, dialect)
  await addSignatures(db, dialect)
  await addPolicy(db, dialect)
}
