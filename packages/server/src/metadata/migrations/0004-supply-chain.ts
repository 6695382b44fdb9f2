import type { Kysely } from 'kysely'
import { addPolicy } from './0004-policy.ts'
import { addScan } from './0004-scan.ts'
import { addScanners } from './0004-scanners.ts'
import { addSignatures } from './0004-signatures.ts'
import type { Dialect } from './dialect.ts'

/** Scanning, signatures, policies and other scanners. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await addScan(db, dialect)
  await addSignatures(db, dialect)
  await addPolicy(db, dialect)
  await addScanners(db, dialect)
}
