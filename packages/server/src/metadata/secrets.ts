import { randomBytes } from 'node:crypto'
import type { Database, Executor } from './database.ts'

/**
 * A random secret that every process on this database shares, made at the first call. When two processes
 * ask at once, one row wins and both get it.
 */
export async function getOrCreateSecret(
  database: Database,
  name: string,
  bytes: number,
): Promise<Buffer> {
  const existing = await findSecret(database.read, name)
  if (existing) return existing
  return database.transaction(async (tx) => {
    await tx
      .insertInto('secrets')
      .values({
        name,
        value: randomBytes(bytes).toString('base64url'),
        created_at: new Date().toISOString(),
      })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .execute()
    const stored = await findSecret(tx, name)
    if (!stored) throw new Error(`The secret ${name} vanished while it was made.`)
    return stored
  })
}

async function findSecret(db: Executor, name: string): Promise<Buffer | undefined> {
  const row = await db
    .selectFrom('secrets')
    .select('value')
    .where('name', '=', name)
    .executeTakeFirst()
  return row && Buffer.from(row.value, 'base64url')
}
