import type { Transaction } from '../metadata/database.ts'
import { isReferenced, lockManifest, manifestExists } from '../metadata/manifests.ts'
import { isTagged } from '../metadata/tags.ts'

/**
 * Whether something keeps a manifest: a tag, an index that lists it, or its subject being here.
 * Locks the manifest first, so that no tag or index can begin to rely on it until the transaction ends.
 * An absent manifest is not live.
 */
export async function isManifestLive(
  tx: Transaction,
  repositoryId: number,
  digest: string,
): Promise<boolean> {
  const manifest = await lockManifest(tx, repositoryId, digest)
  if (!manifest) return false
  if (await isTagged(tx, repositoryId, digest)) return true
  if (await isReferenced(tx, repositoryId, digest)) return true
  const subject = manifest.subject_digest
  return subject !== null && (await manifestExists(tx, repositoryId, subject))
}
