import type { Executor, Transaction } from './database.ts'
import type { ScannerRegistrationsTable } from './scanners-schema.ts'

export type ScannerRow = ScannerRegistrationsTable

/** By name; an instance has a handful. */
export function listScannerRows(db: Executor): Promise<ScannerRow[]> {
  return db.selectFrom('scanner_registrations').selectAll().orderBy('name').execute()
}

export function findScannerRow(db: Executor, name: string): Promise<ScannerRow | undefined> {
  return db
    .selectFrom('scanner_registrations')
    .selectAll()
    .where('name', '=', name)
    .executeTakeFirst()
}

/** Adds a registration, or takes the place of the former one of this name. */
export async function putScannerRow(tx: Transaction, row: ScannerRow): Promise<void> {
  const { name, ...rest } = row
  await tx
    .insertInto('scanner_registrations')
    .values({ name, ...rest })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(rest))
    .execute()
}

/** With its reports; `false` when there is none of this name. */
export async function deleteScannerRow(tx: Transaction, name: string): Promise<boolean> {
  const result = await tx
    .deleteFrom('scanner_registrations')
    .where('name', '=', name)
    .executeTakeFirst()
  if (result.numDeletedRows === 0n) return false
  await tx.deleteFrom('external_reports').where('scanner', '=', name).execute()
  return true
}
