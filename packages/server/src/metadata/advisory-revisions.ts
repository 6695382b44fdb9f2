import type { Executor, Transaction } from './database.ts'

/** The newest advisory data that any node has had in force; 0 before the first. */
export async function newestAdvisoryRevision(db: Executor): Promise<number> {
  const row = await db
    .selectFrom('advisory_revisions')
    .select((eb) => eb.fn.max('revision').as('revision'))
    .executeTakeFirst()
  return row?.revision ?? 0
}

/** The revision of advisory data, which is added when it is new. */
export async function ensureAdvisoryRevision(
  tx: Transaction,
  data: { fingerprint: string; builtAt: string | null; now: string },
): Promise<{ revision: number; isNew: boolean }> {
  const inserted = await tx
    .insertInto('advisory_revisions')
    .values({ fingerprint: data.fingerprint, built_at: data.builtAt, seen_at: data.now })
    .onConflict((conflict) => conflict.column('fingerprint').doNothing())
    .returning('revision')
    .executeTakeFirst()
  if (inserted) return { revision: inserted.revision, isNew: true }
  const { revision } = await tx
    .selectFrom('advisory_revisions')
    .select('revision')
    .where('fingerprint', '=', data.fingerprint)
    .executeTakeFirstOrThrow()
  return { revision, isNew: false }
}
