import type { Digest } from '@berth/oci/digest.ts'
import { isLinked, lockBlob, lockLink } from '../metadata/blobs.ts'
import { queueFigures, reviewsInContext, type ReviewInContext } from '../metadata/collection.ts'
import type { Database, Transaction } from '../metadata/database.ts'
import { isReferenced, manifestExists } from '../metadata/manifests.ts'
import { isManifestLive } from './manifest-life.ts'
import type { Clock } from './grace.ts'

/** One line of the explanation: what is under review, when, and what would happen now. */
type PlannedReview = {
  subject: ReviewInContext['subject']
  repository: string | undefined
  digest: string | undefined
  dueAt: string
  verdict: 'keep' | 'remove'
  reason: string
}

export type CollectionPlan = {
  reviews: PlannedReview[]
  waiting: { reviews: number; reviewsDue: number; trash: number; trashBytes: number }
}

class Undo extends Error {}

/**
 * Says what collection would decide about the next `limit` reviews if they were due now, and why. Changes nothing:
 * the same questions are asked as in a real run, in a transaction that is rolled back.
 */
export async function planCollection(
  database: Database,
  options: { limit: number; clock: Clock },
): Promise<CollectionPlan> {
  const reviews: PlannedReview[] = []
  const queue = await reviewsInContext(database.read, { limit: options.limit, skip: 0 })
  for (const review of queue) {
    await database
      .relaxedTransaction(async (tx) => {
        const { verdict, reason } = await judge(tx, review)
        reviews.push({
          subject: review.subject,
          repository: review.repository ?? undefined,
          digest: review.digest === '' ? undefined : review.digest,
          dueAt: review.due_at,
          verdict,
          reason,
        })
        throw new Undo()
      })
      .catch((error: unknown) => {
        if (!(error instanceof Undo)) throw error
      })
  }
  return {
    reviews,
    waiting: await queueFigures(database.read, options.clock().toISOString()),
  }
}

async function judge(
  tx: Transaction,
  review: ReviewInContext,
): Promise<{ verdict: 'keep' | 'remove'; reason: string }> {
  switch (review.subject) {
    case 'manifest':
      // Asked about every digest that a deleted manifest named, and most of those are blobs.
      if (!(await manifestExists(tx, review.repository_id, review.digest))) {
        return { verdict: 'keep', reason: 'there is no such manifest' }
      }
      return (await isManifestLive(tx, review.repository_id, review.digest))
        ? { verdict: 'keep', reason: 'a tag, an index or its subject keeps it' }
        : { verdict: 'remove', reason: 'no tag, index or subject keeps it' }
    case 'link':
      if (!(await lockLink(tx, review.repository_id, review.digest))) {
        return { verdict: 'keep', reason: 'the repository does not hold such a blob' }
      }
      return (await isReferenced(tx, review.repository_id, review.digest))
        ? { verdict: 'keep', reason: 'a manifest of the repository needs it' }
        : { verdict: 'remove', reason: 'no manifest of the repository needs it' }
    case 'blob': {
      const blob = await lockBlob(tx, review.digest as Digest, 'keep')
      if (!blob) return { verdict: 'keep', reason: 'the blob is gone already' }
      return (await isLinked(tx, review.digest))
        ? { verdict: 'keep', reason: 'a repository holds it' }
        : { verdict: 'remove', reason: `no repository holds it; frees ${blob.size} bytes` }
    }
    case 'repository':
      return { verdict: 'keep', reason: 'removed only when it is empty' }
  }
}
