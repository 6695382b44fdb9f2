import type { Database, Executor, Transaction } from './database.ts'

export type StoredThrottle = {
  subject: string
  failures: number
  /** ISO 8601: before it no guess is taken. */
  blockedUntil: string
  /** ISO 8601: from then on the failures no longer count. */
  forgottenAt: string
}

/** Those of the subjects that have failures, forgotten ones included. */
export function findThrottles(
  db: Executor,
  subjects: readonly string[],
): Promise<StoredThrottle[]> {
  return db
    .selectFrom('login_throttles')
    .select(['subject', 'failures', 'blocked_until as blockedUntil', 'forgotten_at as forgottenAt'])
    .where('subject', 'in', subjects)
    .execute()
}

/** Counts one failure more, from one again when the last ones are forgotten; answers how many there are. */
export async function countFailure(
  tx: Transaction,
  subject: string,
  times: { now: string; forgottenAt: string },
): Promise<number> {
  const row = await tx
    .insertInto('login_throttles')
    .values({
      subject,
      failures: 1,
      blocked_until: times.now,
      forgotten_at: times.forgottenAt,
    })
    .onConflict((conflict) =>
      conflict.column('subject').doUpdateSet((eb) => ({
        failures: eb
          .case()
          .when('login_throttles.forgotten_at', '<=', times.now)
          .then(1)
          .else(eb('login_throttles.failures', '+', 1))
          .end(),
        forgotten_at: times.forgottenAt,
      })),
    )
    .returning('failures')
    .executeTakeFirstOrThrow()
  return row.failures
}

/** Follows `countFailure` in its transaction. */
export async function blockSubject(
  tx: Transaction,
  subject: string,
  blockedUntil: string,
): Promise<void> {
  await tx
    .updateTable('login_throttles')
    .set({ blocked_until: blockedUntil })
    .where('subject', '=', subject)
    .execute()
}

export async function removeThrottle(tx: Transaction, subject: string): Promise<void> {
  await tx.deleteFrom('login_throttles').where('subject', '=', subject).execute()
}

/** Removes up to `limit` that are forgotten; answers how many. */
export async function removeForgottenThrottles(
  tx: Transaction,
  now: string,
  limit: number,
): Promise<number> {
  const result = await tx
    .deleteFrom('login_throttles')
    .where('subject', 'in', (eb) =>
      eb
        .selectFrom('login_throttles')
        .select('subject')
        .where('forgotten_at', '<=', now)
        .limit(limit),
    )
    .executeTakeFirst()
  return Number(result.numDeletedRows)
}

/** Beyond `keep` rows those with the fewest failures go: whoever floods the table has one in each. */
export async function trimThrottles(database: Database, keep: number): Promise<void> {
  const { held } = await database.read
    .selectFrom('login_throttles')
    .select((eb) => eb.fn.countAll<number>().as('held'))
    .executeTakeFirstOrThrow()
  const surplus = held - keep
  if (surplus <= 0) return
  await database.relaxedTransaction((tx) =>
    tx
      .deleteFrom('login_throttles')
      .where('subject', 'in', (eb) =>
        eb
          .selectFrom('login_throttles')
          .select('subject')
          .orderBy('failures')
          .orderBy('forgotten_at')
          .orderBy('subject')
          .limit(surplus),
      )
      .execute(),
  )
}
