import type { Digest } from '@berth/oci/digest.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import { insertBlob, linkBlob, lockBlob, replaceBlob } from '../metadata/blobs.ts'
import type { Transaction } from '../metadata/database.ts'
import { requestReviews } from '../metadata/reviews.ts'
import { addTrash } from '../metadata/trash.ts'
import { type UploadSession, deleteUpload } from '../metadata/uploads.ts'
import type { Admission, Permit } from './admission.ts'
import { ensureRepository } from './ensure-repository.ts'
import type { Grace } from './grace.ts'
import { uploadUnknown } from './upload-unknown.ts'

/**
 * Turns a session's object into a blob of the session's repository and ends the session. An object that turns out to be
 * a second copy goes to the trash. `false`: nothing was done, since the object is needed but not sealed.
 * Throws `uploadUnknown` when somebody else ended the session meanwhile, `denied` when the caller may not push any more,
 * and what the rules refuse.
 */
export async function publishBlob(
  tx: Transaction,
  publish: {
    session: UploadSession
    permit: Permit
    admission: Admission
    digest: Digest
    size: number
    sealed: boolean
    grace: Grace
  },
): Promise<boolean> {
  const { session, permit, admission, digest, size, grace } = publish
  const now = grace.now()
  const name = session.repository_name as RepositoryName
  await permit.require(tx, 'push', name)
  const outcome = await store(
    tx,
    { digest, size, storage_key: session.storage_key, now },
    publish.sealed,
  )
  if (outcome === 'needs seal') return false
  // Whoever ended the session meanwhile gave its object to the trash: then it must not become a blob.
  if (!(await deleteUpload(tx, session.id))) {
    throw uploadUnknown(session.id, session.repository_name)
  }
  if (outcome.leftOver !== undefined) {
    await addTrash(tx, [
      { storage_key: outcome.leftOver, size, reason: 'stored twice', due_at: grace.trashDue() },
    ])
  }
  const repository = await ensureRepository(tx, { name, permit, admission, now })
  if (await linkBlob(tx, repository.id, digest, now)) {
    await admission.record(tx, permit, { kind: 'blobLinked', repository, digest, size })
  }
  await requestReviews(tx, [
    { subject: 'link', repository_id: repository.id, digest, due_at: grace.reviewDue() },
  ])
  return true
}

/** Makes sure that there is a good row for the digest; `leftOver` is the key that nobody needs any more. */
async function store(
  tx: Transaction,
  blob: { digest: Digest; size: number; storage_key: string; now: string },
  sealed: boolean,
): Promise<{ leftOver: string | undefined } | 'needs seal'> {
  const stored = await lockBlob(tx, blob.digest, 'keep')
  if (stored && stored.damage === null) return { leftOver: blob.storage_key }
  if (!sealed) return 'needs seal'
  if (!stored) {
    // Two uploads of one digest at once: the second finds the row of the first.
    return { leftOver: (await insertBlob(tx, blob)) ? undefined : blob.storage_key }
  }
  const damaged = await lockBlob(tx, blob.digest, 'change')
  if (!damaged || damaged.damage === null) return { leftOver: blob.storage_key }
  await replaceBlob(tx, blob)
  return { leftOver: damaged.storage_key }
}
