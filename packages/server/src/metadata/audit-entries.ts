import { type SelectQueryBuilder, sql } from 'kysely'
import type { RequestContext } from '../actor.ts'
import { type Executor, inPortions, type Transaction } from './database.ts'
import type { Schema } from './schema.ts'

/** One thing that was done, tried or refused. */
export type AuditEvent = {
  /** What, in the past tense of the code: `project.created`, `tag.moved`, `session.refused`. */
  readonly action: string
  readonly targetKind: string
  /** What it was done to, as a person knows it: a repository with tag or digest, a user's name. */
  readonly target: string
  /** Name of the nearest project, `''` for the instance. */
  readonly project: string
  readonly outcome?: AuditOutcome
  /** JSON values; secrets and hashes never belong here. */
  readonly before?: unknown
  readonly after?: unknown
}

export type AuditOutcome = 'success' | 'denied' | 'failure'

/** An entry as it is stored. `position` and `hash` are `null` until it is sealed into the chain. */
export type AuditEntry = {
  readonly id: number
  readonly position: number | null
  /** ISO 8601. */
  readonly at: string
  readonly actor_kind: string
  readonly actor_id: string
  readonly actor_name: string
  readonly action: string
  readonly target_kind: string
  readonly target: string
  readonly project: string
  readonly outcome: AuditOutcome
  readonly address: string
  readonly request_id: string
  /** JSON text. */
  readonly before: string | null
  readonly after: string | null
  readonly hash: string | null
}

/** An entry with its place in the chain. */
export type SealedEntry = AuditEntry & { readonly position: number; readonly hash: string }

/** PostgreSQL puts at most some 2,700 bytes into an index. */
const textMax = 512
const valueMax = 16 * 1024
const rowsPerUpdate = 50

/**
 * Writes an entry in the transaction of what it tells of, so neither is there without the other. It is sealed into the
 * chain later. Texts are cut at 512 characters, and a value beyond 16 KiB is left away and says so: a stranger chooses
 * some of them.
 */
export async function insertAuditEntry(
  tx: Transaction,
  context: RequestContext,
  event: AuditEvent,
  at: string,
): Promise<void> {
  await tx
    .insertInto('audit_entries')
    .values({
      at,
      actor_kind: context.actor.kind,
      actor_id: cleanText(context.actor.id),
      actor_name: cleanText(context.actor.name),
      action: event.action,
      target_kind: event.targetKind,
      target: cleanText(event.target),
      project: cleanText(event.project),
      outcome: event.outcome ?? 'success',
      address: cleanText(context.address),
      request_id: cleanText(context.requestId),
      before: jsonText(event.before),
      after: jsonText(event.after),
      position: null,
      hash: null,
    })
    .execute()
}

/** Neither database takes every JavaScript string: half characters, and on PostgreSQL U+0000. */
function cleanText(text: string): string {
  const cut = text.length > textMax ? `${text.slice(0, textMax - 1)}…` : text
  return cut.toWellFormed().replaceAll('\0', '\u{fffd}')
}

function jsonText(value: unknown): string | null {
  if (value === undefined) return null
  // JSON text has no control characters but escaped ones, and half characters are escaped too.
  const text = JSON.stringify(value)
  return text.length > valueMax ? JSON.stringify({ leftAway: `${text.length} characters` }) : text
}

/** Entries that are in no chain yet, in the order of their ids. */
export function unsealedEntries(db: Executor, limit: number): Promise<AuditEntry[]> {
  return allColumns(db).where('position', 'is', null).orderBy('id').limit(limit).execute()
}

/** How many entries are in no chain yet, counted up to `limit`. */
export async function countUnsealed(db: Executor, limit: number): Promise<number> {
  const rows = await db
    .selectFrom('audit_entries')
    .select('id')
    .where('position', 'is', null)
    .limit(limit)
    .execute()
  return rows.length
}

/** Gives each entry its place in the chain. */
export async function sealEntries(
  tx: Transaction,
  seals: readonly { id: number; position: number; hash: string }[],
): Promise<void> {
  const rest = seals.length % rowsPerUpdate
  const whole = seals.length - rest
  for (let start = 0; start < whole; start += rowsPerUpdate) {
    await writeSeals(tx, seals.slice(start, start + rowsPerUpdate))
  }
  // One by one: a statement for each length would be compiled anew each time.
  for (const seal of seals.slice(whole)) await writeSeals(tx, [seal])
}

async function writeSeals(
  tx: Transaction,
  seals: readonly { id: number; position: number; hash: string }[],
): Promise<void> {
  const rows = seals.map(
    ({ id, position, hash }) =>
      sql`(cast(${id} as bigint), cast(${position} as bigint), cast(${hash} as text))`,
  )
  await sql`with seals (id, position, hash) as (values ${sql.join(rows)})
    update audit_entries set position = seals.position, hash = seals.hash
    from seals where audit_entries.id = seals.id`.execute(tx)
}

/**
 * Entries of the chain after a position, in its order; from the very first row, whatever its position, without one.
 * A row whose numbers are beyond 2^53, which Berth never writes, counts as not there.
 */
export function chainAfter(
  db: Executor,
  page: { after: number | undefined; limit: number },
): Promise<AuditEntry[]> {
  const { after } = page
  return allColumns(db)
    .where('position', '<=', Number.MAX_SAFE_INTEGER)
    .where('id', '<=', Number.MAX_SAFE_INTEGER)
    .where('id', '>=', Number.MIN_SAFE_INTEGER)
    .where('position', '>=', Number.MIN_SAFE_INTEGER)
    .$if(after !== undefined, (query) => query.where('position', '>', after ?? 0))
    .orderBy('position')
    .limit(page.limit)
    .execute()
}

export function entryAt(db: Executor, position: number): Promise<AuditEntry | undefined> {
  return allColumns(db).where('position', '=', position).executeTakeFirst()
}

/** The hashes at these positions; those that are not there are not in the answer. */
export async function hashesAt(
  db: Executor,
  positions: readonly number[],
): Promise<Map<number, string>> {
  const found = new Map<number, string>()
  await inPortions(positions, async (portion) => {
    const rows = await db
      .selectFrom('audit_entries')
      .select(['position', 'hash'])
      .where('position', 'in', portion)
      .execute()
    for (const { position, hash } of rows) {
      if (position !== null && hash !== null) found.set(position, hash)
    }
  })
  return found
}

/** Removes the beginning of the chain up to and with a position. */
export async function removeEntries(tx: Transaction, throughPosition: number): Promise<void> {
  await tx.deleteFrom('audit_entries').where('position', '<=', throughPosition).execute()
}

export const entryColumns = [
  'id',
  'position',
  'at',
  'actor_kind',
  'actor_id',
  'actor_name',
  'action',
  'target_kind',
  'target',
  'project',
  'outcome',
  'address',
  'request_id',
  'before',
  'after',
  'hash',
] as const

function allColumns(db: Executor): SelectQueryBuilder<Schema, 'audit_entries', AuditEntry> {
  return db.selectFrom('audit_entries').select(entryColumns)
}
