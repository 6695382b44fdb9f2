import type { Executor } from './database.ts'

/** What the metrics show about the database at one moment; every count is answered by an index. */
export async function readLevels(
  db: Executor,
  now: string,
): Promise<{ uploadSessionsOpen: number; trashDue: number; damagedBlobs: number }> {
  const count = await db
    .selectNoFrom((eb) => [
      eb
        .selectFrom('upload_sessions')
        .select((inner) => inner.fn.countAll<number>().as('count'))
        .as('uploadSessionsOpen'),
      eb
        .selectFrom('trash')
        .select((inner) => inner.fn.countAll<number>().as('count'))
        .where('due_at', '<=', now)
        .as('trashDue'),
      eb
        .selectFrom('blobs')
        .select((inner) => inner.fn.countAll<number>().as('count'))
        .where('damage', 'is not', null)
        .as('damagedBlobs'),
    ])
    .executeTakeFirstOrThrow()
  return {
    uploadSessionsOpen: count.uploadSessionsOpen ?? 0,
    trashDue: count.trashDue ?? 0,
    damagedBlobs: count.damagedBlobs ?? 0,
  }
}
