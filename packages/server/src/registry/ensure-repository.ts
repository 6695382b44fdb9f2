import type { RepositoryName } from '@berth/oci/reference.ts'
import type { Transaction } from '../metadata/database.ts'
import { ensureRepository as ensureRow } from '../metadata/repositories.ts'
import type { Admission, Permit, PlacedRepository } from './admission.ts'

/**
 * The repository of a push, held against removal until the transaction ends; a new one belongs to the project that
 * the rules put it in. Throws what `Admission.placeRepository` throws.
 */
export async function ensureRepository(
  tx: Transaction,
  push: { name: RepositoryName; permit: Permit; admission: Admission; now: string },
): Promise<PlacedRepository> {
  const { name, permit, admission } = push
  const { isNew, ...repository } = await ensureRow(tx, name, push.now, () =>
    admission.placeRepository(tx, permit, name),
  )
  if (isNew) await admission.record(tx, permit, { kind: 'repositoryCreated', repository })
  return repository
}
