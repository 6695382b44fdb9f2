import { randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import { type Dialect, columnTypes } from './dialect.ts'

const severities = ['critical', 'high', 'medium', 'low', 'negligible', 'unknown'] as const

/** How projects and the whole instance stand: figures that lists show, due dates of findings, and what they sort by. */
export async function up(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  await addProjects(db)
  await addFindingFigures(db)
  await addTracked(db)
  await addNames(db, dialect)
  await addLists(db)
}

async function addProjects(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('projects')
    .addColumn('description', 'text', (column) => column.notNull().defaultTo(''))
    .execute()
  await db.schema
    .createIndex('projects_by_creation')
    .on('projects')
    .columns(['created_at', 'name'])
    .execute()
  await db.schema
    .createIndex('usage_totals_by_bytes')
    .on('usage_totals')
    .columns(['bytes', 'project_id'])
    .execute()
  let figures = db.schema
    .createTable('project_figures')
    .addColumn('project_id', 'bigint', (column) =>
      column.primaryKey().references('projects.id').onDelete('cascade'),
    )
    .addColumn('unique_bytes', 'bigint', (column) => column.notNull())
    .addColumn('shared_bytes', 'bigint', (column) => column.notNull())
    .addColumn('measured_at', 'text', (column) => column.notNull())
  for (const severity of severities) {
    figures = figures.addColumn(severity, 'bigint', (column) => column.notNull())
  }
  await figures.execute()
}

async function addFindingFigures(db: Kysely<unknown>): Promise<void> {
  let counts = db.schema
    .createTable('finding_counts')
    .addColumn('repository_id', 'bigint', (column) =>
      column.primaryKey().references('repositories.id').onDelete('cascade'),
    )
  for (const severity of severities) {
    counts = counts.addColumn(severity, 'bigint', (column) => column.notNull())
  }
  await counts.execute()
  const open = severities.map(
    (severity) => sql`sum(case when severity = ${severity} then 1 else 0 end)`,
  )
  await sql`insert into finding_counts (repository_id, ${sql.join(severities.map((name) => sql.ref(name)))})
    select repository_id, ${sql.join(open)} from tracked_findings
    where closed_at is null group by repository_id`.execute(db)
  let trends = db.schema
    .createTable('instance_trends')
    .addColumn('day', 'text', (column) => column.primaryKey())
  for (const name of [...severities, 'opened', 'closed']) {
    trends = trends.addColumn(name, 'bigint', (column) => column.notNull())
  }
  await trends.execute()
  const sums = [...severities, 'opened', 'closed'].map((name) => sql`sum(${sql.ref(name)})`)
  await sql`insert into instance_trends (day, ${sql.join([...severities, 'opened', 'closed'].map((name) => sql.ref(name)))})
    select day, ${sql.join(sums)} from finding_trends group by day`.execute(db)
}

async function addTracked(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('tracked_findings').addColumn('due_at', 'text').execute()
  await sql`create index tracked_findings_by_score
    on tracked_findings (score, vulnerability, package_name, repository_id)`.execute(db)
  await sql`create index tracked_findings_by_due
    on tracked_findings (due_at, vulnerability, package_name, repository_id)
    where closed_at is null and due_at is not null`.execute(db)
  await db.schema
    .createIndex('tracked_findings_by_vulnerability')
    .on('tracked_findings')
    .columns(['vulnerability', 'package_name', 'repository_id'])
    .execute()
  await db.schema
    .createIndex('tracked_findings_by_package')
    .on('tracked_findings')
    .columns(['package_name', 'vulnerability', 'repository_id'])
    .execute()
  // Policies may have set times already.
  await addJob(db, 'date-findings', { project: '' }, sql`exists (select 1 from policies)`)
}

async function addNames(db: Kysely<unknown>, dialect: Dialect): Promise<void> {
  const { bytewise, clustered } = columnTypes(dialect)
  await db.schema
    .createTable('vulnerability_names')
    .addColumn('folded', bytewise, (column) => column.notNull())
    .addColumn('name', bytewise, (column) => column.notNull())
    .addColumn('vulnerability', bytewise, (column) => column.notNull())
    .addPrimaryKeyConstraint('vulnerability_names_pkey', ['folded', 'vulnerability'])
    .$call(clustered)
    .execute()
  const aliases =
    dialect === 'sqlite'
      ? sql`select alias.value as name, vulnerability from package_findings,
          json_each(package_findings.finding, '$.aliases') as alias`
      : sql`select alias.value as name, vulnerability from package_findings,
          json_array_elements_text(package_findings.finding::json -> 'aliases') as alias(value)`
  await sql`insert into vulnerability_names (folded, name, vulnerability)
    select lower(name), min(name), vulnerability from (
      select vulnerability as name, vulnerability from package_findings
      union all ${aliases}
    ) as named group by lower(name), vulnerability`.execute(db)
  // Names of packages become words of the search.
  await addJob(db, 'rebuild-search', {}, sql`exists (select 1 from packages)`)
}

async function addLists(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createIndex('images_by_score')
    .on('images')
    .columns(['worst_score', 'critical', 'high', 'digest'])
    .execute()
  await db.schema
    .createIndex('images_by_state')
    .on('images')
    .columns(['state', 'end_of_life'])
    .execute()
  await db.schema
    .createIndex('vex_statements_by_creation')
    .on('vex_statements')
    .columns(['created_at', 'id'])
    .execute()
  await db.schema
    .createIndex('vex_statements_by_project')
    .on('vex_statements')
    .columns(['project_id', 'created_at', 'id'])
    .execute()
}

/** Asks for a job that goes through what is there already, a little at a time: a start never waits for it. */
async function addJob(
  db: Kysely<unknown>,
  name: string,
  payload: object,
  condition: ReturnType<typeof sql>,
): Promise<void> {
  const now = new Date().toISOString()
  const key = name === 'rebuild-search' ? name : `${name}:${JSON.stringify(payload)}`
  await sql`insert into jobs (id, name, payload, state, priority, attempts, max_attempts, dedupe_key, run_at,
      cancel_requested, requested_by, created_at)
    select ${randomUUID()}, ${name}, ${JSON.stringify(payload)}, 'waiting', 40, 0, 5, ${key}, ${now}, 0, 'system', ${now}
    where ${condition} and not exists (select 1 from jobs where dedupe_key = ${key})`.execute(db)
}
