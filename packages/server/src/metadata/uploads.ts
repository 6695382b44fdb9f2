import type { Database, Transaction } from './database.ts'

export type UploadSession = {
  id: string
  repository_name: string
  actor_id: string
  storage_key: string
  size: number
  algorithm: string
  created_at: string
  expires_at: string
}

export type UploadReads = ReturnType<typeof prepareUploadReads>

export function prepareUploadReads(database: Database) {
  return {
    find: database.prepare<{ id: string }, UploadSession>((db, p) =>
      db.selectFrom('upload_sessions').selectAll().where('id', '=', p('id')),
    ),
    /** Open sessions of one actor, counted up to `limit`. */
    countOf: database.prepare<{ actor: string; limit: number }, { open: number }>((db, p) =>
      db
        .selectFrom((eb) =>
          eb
            .selectFrom('upload_sessions')
            .select('id')
            .where('actor_id', '=', p('actor'))
            .limit(p('limit'))
            .as('some'),
        )
        .select((eb) => eb.fn.countAll<number>().as('open')),
    ),
  }
}

export async function insertUpload(tx: Transaction, session: UploadSession): Promise<void> {
  await tx.insertInto('upload_sessions').values(session).execute()
}

export async function updateUpload(
  tx: Transaction,
  id: string,
  change: { size: number; expires_at: string },
): Promise<void> {
  await tx.updateTable('upload_sessions').set(change).where('id', '=', id).execute()
}

/** Ends a session; `false` when it had ended already or, with `expiredAt`, is not idle since then. */
export async function deleteUpload(
  tx: Transaction,
  id: string,
  expiredAt?: string,
): Promise<boolean> {
  const result = await tx
    .deleteFrom('upload_sessions')
    .where('id', '=', id)
    .$if(expiredAt !== undefined, (query) => query.where('expires_at', '<=', expiredAt ?? ''))
    .executeTakeFirst()
  return result.numDeletedRows > 0n
}

/** Sessions that were idle for too long, oldest first. */
export function expiredUploads(
  tx: Transaction,
  now: string,
  limit: number,
): Promise<UploadSession[]> {
  return tx
    .selectFrom('upload_sessions')
    .selectAll()
    .where('expires_at', '<=', now)
    .orderBy('expires_at')
    .limit(limit)
    .execute()
}
