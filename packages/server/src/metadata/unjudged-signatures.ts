import type { Executor, Transaction } from './database.ts'
import { lockRows } from './row-lock.ts'

/** Notes that the signatures of a subject have changed; `arrival` is a text that no other change has. */
export async function noteUnjudged(
  tx: Transaction,
  repositoryId: number,
  subject: string,
  arrival: string,
): Promise<void> {
  await tx
    .insertInto('unjudged_signatures')
    .values({ repository_id: repositoryId, subject_digest: subject, arrival })
    .onConflict((conflict) =>
      conflict.columns(['repository_id', 'subject_digest']).doUpdateSet({ arrival }),
    )
    .execute()
}

/** Those of the subjects whose signatures have changed since they were judged. */
export function unjudgedAmong(
  db: Executor,
  repositoryId: number,
  subjects: readonly string[],
): Promise<{ subject: string; arrival: string }[]> {
  return db
    .selectFrom('unjudged_signatures')
    .select(['subject_digest as subject', 'arrival'])
    .where('repository_id', '=', repositoryId)
    .where('subject_digest', 'in', subjects)
    .execute()
}

/** As `unjudgedAmong`, of one subject, and nothing changes it until the transaction ends. */
export async function lockUnjudged(
  tx: Transaction,
  repositoryId: number,
  subject: string,
): Promise<void> {
  const row = tx
    .selectFrom('unjudged_signatures')
    .select('arrival')
    .where('repository_id', '=', repositoryId)
    .where('subject_digest', '=', subject)
  await lockRows(tx, row, 'change').execute()
}

/** They are judged up to this arrival; a later one stays noted. */
export async function removeUnjudged(
  tx: Transaction,
  repositoryId: number,
  subject: string,
  arrival: string,
): Promise<void> {
  await tx
    .deleteFrom('unjudged_signatures')
    .where('repository_id', '=', repositoryId)
    .where('subject_digest', '=', subject)
    .where('arrival', '=', arrival)
    .execute()
}
