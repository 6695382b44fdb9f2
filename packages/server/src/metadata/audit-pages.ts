import { type RawBuilder, sql } from 'kysely'
import { type AuditEntry, type AuditOutcome, entryColumns } from './audit-entries.ts'
import type { Executor } from './database.ts'

/** Which entries to find; all of what is given must hold. */
export type AuditFilter = {
  readonly actor?: string | undefined
  /** One action, or with a dot at its end all of that kind: `tag.` */
  readonly action?: string | undefined
  readonly target?: string | undefined
  readonly targetPrefix?: string | undefined
  readonly project?: string | undefined
  /** A project and all below it. */
  readonly projectTree?: string | undefined
  readonly outcome?: AuditOutcome | undefined
  readonly address?: string | undefined
  readonly requestId?: string | undefined
  /** ISO 8601; entries at or after it. */
  readonly from?: string | undefined
  /** Entries before it. */
  readonly to?: string | undefined
}

/** `narrow` is what an index answers; `filter` says the same so that no index is chosen for it. */
type Condition = { narrow: RawBuilder<boolean>; filter: RawBuilder<boolean> }

const bucketSize = 4096
const bucketsMax = 32
/** How far the rows of one bucket are counted. */
const countedMax = 64
/** Rows that one query tries, at most; whether they fit the other conditions is known only then. */
const triedAtOnce = 2 * bucketSize
/** Rows that one page looks at; then it ends early, and the next goes on from there. */
const lookedAtMax = 40_000

/**
 * A page in the order of the ids. The ids are looked through bucket by bucket, and every index begins with the bucket:
 * so a filter by prefix keeps the order too, an empty bucket costs one look into an index, and the work for one page is
 * bounded whatever the filters are. With several filters the one that leaves the fewest rows leads. `next` is where to
 * go on, `undefined` at the end; a page that had to look at too much may be short and have a `next` all the same.
 */
export async function findAuditPage(
  db: Executor,
  filter: AuditFilter,
  page: { order: 'newest' | 'oldest'; after: number | undefined; limit: number },
): Promise<{ entries: AuditEntry[]; next: number | undefined }> {
  const conditions = conditionsOf(filter)
  const bounds = await idBounds(db)
  const newest = page.order === 'newest'
  const step = newest ? -1 : 1
  const first = page.after === undefined ? (newest ? bounds.max : bounds.min) : page.after + step
  const last = newest ? bounds.min : bounds.max
  const lastBucket = Math.floor(last / bucketSize)
  const ids: number[] = []
  let lookedAt = 0
  let bucket = Math.floor(first / bucketSize)
  let width = 1
  while ((lastBucket - bucket) * step >= 0) {
    const plan = await planFor(db, conditions, bucketsFrom(bucket, width, step))
    if (plan.buckets.length > 0) {
      const wanted = page.limit + 1 - ids.length
      ids.push(...(await findInBuckets(db, conditions, { ...plan, newest, first, limit: wanted })))
    }
    if (ids.length > page.limit) {
      ids.length = page.limit
      return { entries: await entriesOf(db, ids), next: ids.at(-1) }
    }
    bucket += plan.passed * step
    lookedAt += plan.tried
    width = plan.passed < width ? plan.passed : Math.min(width * 2, bucketsMax)
    if (lookedAt > lookedAtMax && (lastBucket - bucket) * step >= 0) {
      const edge = newest ? (bucket + 1) * bucketSize : bucket * bucketSize - 1
      return { entries: await entriesOf(db, ids), next: edge }
    }
  }
  return { entries: await entriesOf(db, ids), next: undefined }
}

function bucketsFrom(bucket: number, width: number, step: number): number[] {
  return Array.from({ length: width }, (_, index) => bucket + index * step)
}

/** How to look through the next buckets: which condition leads to rows, on each of which the others are tried. */
type Plan = {
  readonly leader: number
  /** Those worth a look. */
  readonly buckets: readonly number[]
  /** How many buckets are done with then. */
  readonly passed: number
  /** How many rows are tried, about. */
  readonly tried: number
}

async function planFor(
  db: Executor,
  conditions: readonly Condition[],
  buckets: readonly number[],
): Promise<Plan> {
  // One condition is answered by its index alone.
  if (conditions.length < 2) return { leader: 0, buckets, passed: buckets.length, tried: 0 }
  const counts = await countEach(db, conditions, buckets)
  const promising = buckets.filter((bucket) => counts.get(bucket)?.every((count) => count > 0))
  const rowsIn = (bucket: number, condition: number) => {
    const count = counts.get(bucket)?.[condition] ?? 0
    return count < countedMax ? count : bucketSize
  }
  const sums = conditions.map((_, condition) =>
    promising.reduce((sum, bucket) => sum + rowsIn(bucket, condition), 0),
  )
  const leader = sums.indexOf(Math.min(...sums))
  let tried = 0
  for (const [index, bucket] of promising.entries()) {
    const rows = rowsIn(bucket, leader)
    if (index > 0 && tried + rows > triedAtOnce) {
      const passed = buckets.indexOf(bucket)
      return { leader, buckets: promising.slice(0, index), passed, tried }
    }
    tried += rows
  }
  return { leader, buckets: promising, passed: buckets.length, tried }
}

async function findInBuckets(
  db: Executor,
  conditions: readonly Condition[],
  look: {
    leader: number
    buckets: readonly number[]
    newest: boolean
    first: number
    limit: number
  },
): Promise<number[]> {
  const rows = await db
    .selectFrom('audit_entries')
    .select('id')
    .where(isIn(look.buckets))
    .where('id', look.newest ? '<=' : '>=', look.first)
    .$call((query) =>
      conditions.reduce(
        (narrowed, { narrow, filter }, index) =>
          narrowed.where(index === look.leader ? narrow : filter),
        query,
      ),
    )
    // Not by `id` itself: the database would walk through all ids instead of the index.
    .orderBy(sql`id + 0`, look.newest ? 'desc' : 'asc')
    .limit(look.limit)
    .execute()
  return rows.map(({ id }) => id)
}

/**
 * How many rows of each bucket each condition leaves, from its index alone, counted up to 64. Bucket by bucket: for a
 * count over all of them with a limit PostgreSQL would rather read the whole table. The plus sign is for SQLite, which
 * would otherwise convert types before it compares, and that no index can.
 */
async function countEach(
  db: Executor,
  conditions: readonly Condition[],
  buckets: readonly number[],
): Promise<Map<number, number[]>> {
  const values = buckets.map((bucket) => sql`(cast(${bucket} as bigint))`)
  const counts = conditions.map(
    ({ narrow }, index) => sql`(select count(*) from
      (select 1 from audit_entries where (id / ${sql.lit(bucketSize)}) = +buckets.bucket and ${narrow}
        limit ${sql.lit(countedMax)}) as found) as ${sql.ref(`count${index}`)}`,
  )
  const { rows } = await sql<Record<string, number>>`
    with buckets (bucket) as (values ${sql.join(values)})
    select bucket, ${sql.join(counts)} from buckets`.execute(db)
  return new Map(
    rows.map((row) => [
      row['bucket'] ?? 0,
      conditions.map((_, index) => row[`count${index}`] ?? 0),
    ]),
  )
}

function isIn(buckets: readonly number[]): RawBuilder<boolean> {
  return sql<boolean>`(id / ${sql.lit(bucketSize)}) in (${sql.join(buckets)})`
}

async function idBounds(db: Executor): Promise<{ min: number; max: number }> {
  const row = await db
    .selectNoFrom((eb) => [
      eb
        .selectFrom('audit_entries')
        .select((inner) => inner.fn.min<number>('id').as('value'))
        .as('min'),
      eb
        .selectFrom('audit_entries')
        .select((inner) => inner.fn.max<number>('id').as('value'))
        .as('max'),
    ])
    .executeTakeFirstOrThrow()
  // An empty log: no bucket lies between these.
  return { min: row.min ?? bucketSize, max: row.max ?? 0 }
}

/** In the order of `ids`. */
async function entriesOf(db: Executor, ids: readonly number[]): Promise<AuditEntry[]> {
  if (ids.length === 0) return []
  const rows = await db
    .selectFrom('audit_entries')
    .select(entryColumns)
    .where('id', 'in', ids)
    .execute()
  const byId = new Map(rows.map((row) => [row.id, row]))
  return ids.flatMap((id) => byId.get(id) ?? [])
}

function conditionsOf(filter: AuditFilter): Condition[] {
  const { action, targetPrefix, projectTree, outcome } = filter
  return [
    ...equal('request_id', filter.requestId),
    ...equal('target', filter.target),
    ...equal('address', filter.address),
    ...equal('actor_name', filter.actor),
    ...(action?.endsWith('.') ? startsWith('action', action) : equal('action', action)),
    ...(targetPrefix === undefined ? [] : startsWith('target', targetPrefix)),
    ...equal('project', filter.project),
    ...(projectTree === undefined || projectTree === '' ? [] : inTree('project', projectTree)),
    ...(outcome === undefined ? [] : hasOutcome(outcome)),
    ...between('at', filter.from, filter.to),
  ]
}

function equal(name: string, value: string | undefined): Condition[] {
  if (value === undefined) return []
  return inBothForms(name, (column) => sql`${column} = ${value}`)
}

function startsWith(name: string, prefix: string): Condition[] {
  return between(name, prefix, textAfter(prefix))
}

/** `acme` and all that begins with `acme/`; of what lies between in byte order, `acme-x` is neither. */
function inTree(name: string, root: string): Condition[] {
  return inBothForms(
    name,
    (column) =>
      sql`${column} >= ${root} and ${column} < ${`${root}0`} and (${column} = ${root} or ${column} >= ${`${root}/`})`,
  )
}

function hasOutcome(outcome: AuditOutcome): Condition[] {
  // The index holds all but successes, and it is used only where the query says so too.
  const plain = sql<boolean>`outcome = ${outcome}`
  if (outcome === 'success') return [{ narrow: plain, filter: plain }]
  return [{ narrow: sql<boolean>`outcome <> 'success' and ${plain}`, filter: plain }]
}

function between(name: string, from: string | undefined, to: string | undefined): Condition[] {
  if (from === undefined && to === undefined) return []
  return inBothForms(name, (column) => {
    const low = from === undefined ? sql`true` : sql`${column} >= ${from}`
    return to === undefined ? low : sql`${low} and ${column} < ${to}`
  })
}

function inBothForms(
  name: string,
  build: (column: RawBuilder<unknown>) => RawBuilder<unknown>,
): Condition[] {
  return [
    {
      narrow: build(sql.ref(name)) as RawBuilder<boolean>,
      // What is computed from a column, its index does not answer.
      filter: build(sql`coalesce(${sql.ref(name)}, '')`) as RawBuilder<boolean>,
    },
  ]
}

/** The first text, in the order of code points, after all that begin with `prefix`. */
function textAfter(prefix: string): string | undefined {
  const points = Array.from(prefix)
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const next = (last.codePointAt(0) ?? 0) + 1
    if (next > 0x10ffff) continue
    // Between these two are the halves of characters, which no text holds.
    return points.join('') + String.fromCodePoint(next === 0xd800 ? 0xe000 : next)
  }
  return undefined
}
