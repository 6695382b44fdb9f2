import { sql } from 'kysely'
import type { Executor } from './database.ts'
import type { ReviewSubject } from './schema.ts'

/** Figures for the operator: what waits in the queues. Counted by index, not by walking the store. */
export async function queueFigures(
  db: Executor,
  now: string,
): Promise<{ reviews: number; reviewsDue: number; trash: number; trashBytes: number }> {
  const reviews = await db
    .selectFrom('reviews')
    .select((eb) => [
      eb.fn.countAll<number>().as('all'),
      eb.fn.countAll<number>().filterWhere('due_at', '<=', now).as('due'),
    ])
    .executeTakeFirstOrThrow()
  const trash = await db
    .selectFrom('trash')
    .select((eb) => [
      eb.fn.countAll<number>().as('all'),
      sql<number | null>`cast(sum(size) as bigint)`.as('bytes'),
    ])
    .executeTakeFirstOrThrow()
  return {
    reviews: reviews.all,
    reviewsDue: reviews.due,
    trash: trash.all,
    trashBytes: trash.bytes ?? 0,
  }
}

export type ReviewInContext = {
  subject: ReviewSubject
  repository_id: number
  repository: string | null
  digest: string
  due_at: string
}

/** The queue in order of date with the names a person knows, those after `skip` only. */
export function reviewsInContext(
  db: Executor,
  page: { limit: number; skip: number },
): Promise<ReviewInContext[]> {
  return db
    .selectFrom('reviews')
    .leftJoin('repositories', 'repositories.id', 'reviews.repository_id')
    .select([
      'reviews.subject',
      'reviews.repository_id',
      'reviews.digest',
      'reviews.due_at',
      'repositories.name as repository',
    ])
    .orderBy('reviews.due_at')
    .orderBy('reviews.repository_id')
    .orderBy('reviews.digest')
    .limit(page.limit)
    .offset(page.skip)
    .execute()
}
