import { type Executor, type Transaction, inPortions } from './database.ts'
import type { ReviewSubject } from './schema.ts'

export type Review = {
  subject: ReviewSubject
  repository_id: number
  digest: string
  due_at: string
}

/**
 * Asks collection to look at things again. Called in the transaction that may have dropped the last reference,
 * so that no crash can lose the question. Asking twice keeps the later date.
 * The rows are written in the order of their key, so that two that ask at once cannot hold each other up.
 */
export async function requestReviews(tx: Transaction, reviews: readonly Review[]): Promise<void> {
  const inKeyOrder = reviews.toSorted(
    (a, b) =>
      a.repository_id - b.repository_id ||
      compare(a.digest, b.digest) ||
      compare(a.subject, b.subject),
  )
  await inPortions(inKeyOrder, (portion) =>
    tx
      .insertInto('reviews')
      .values(portion)
      .onConflict((conflict) =>
        conflict
          .columns(['repository_id', 'digest', 'subject'])
          .doUpdateSet((eb) => ({ due_at: eb.ref('excluded.due_at') })),
      )
      .execute(),
  )
}

export function dueReviews(db: Executor, now: string, limit: number): Promise<Review[]> {
  return db
    .selectFrom('reviews')
    .selectAll()
    .where('due_at', '<=', now)
    .orderBy('due_at')
    .limit(limit)
    .execute()
}

/** Takes a review off the list; `false` when it was renewed or taken by somebody else meanwhile. */
export async function takeReview(tx: Transaction, review: Review): Promise<boolean> {
  const result = await tx
    .deleteFrom('reviews')
    .where('repository_id', '=', review.repository_id)
    .where('digest', '=', review.digest)
    .where('subject', '=', review.subject)
    .where('due_at', '=', review.due_at)
    .executeTakeFirst()
  return result.numDeletedRows > 0n
}

/** Takes back a question whose answer has changed, such as about a manifest that was just pushed again. */
export async function withdrawReview(
  tx: Transaction,
  review: Omit<Review, 'due_at'>,
): Promise<void> {
  await tx
    .deleteFrom('reviews')
    .where('repository_id', '=', review.repository_id)
    .where('digest', '=', review.digest)
    .where('subject', '=', review.subject)
    .execute()
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
