import { sql, type Updateable } from 'kysely'
import type { Visibility } from '../actor.ts'
import type { Executor, Transaction } from './database.ts'
import { idList, namesFrom } from './name-range.ts'
import { escapeLike } from './ranges.ts'
import { lockRows } from './row-lock.ts'
import type { Schema } from './schema.ts'

export type StoredProject = {
  readonly id: number
  /** `''` for the root. */
  readonly name: string
  readonly parentId: number | null
  /** One line; empty when nobody said. */
  readonly description: string
  /** These four: `null` means as the parent has it. */
  readonly visibility: Visibility | null
  readonly quotaBytes: number | null
  readonly quotaRepositories: number | null
  readonly allowedAddresses: readonly string[] | null
  readonly createdAt: string
  readonly updatedAt: string
  readonly version: number
}

/** What a project says for itself. */
export type ProjectSettings = Pick<
  StoredProject,
  'visibility' | 'quotaBytes' | 'quotaRepositories' | 'allowedAddresses'
>

export const rootProjectId = 1

const columns = [
  'id',
  'name',
  'parent_id as parentId',
  'description',
  'visibility',
  'quota_bytes as quotaBytes',
  'quota_repositories as quotaRepositories',
  'allowed_addresses as allowedAddresses',
  'created_at as createdAt',
  'updated_at as updatedAt',
  'version',
] as const

/** What can be changed of a project. */
export type ProjectValues = ProjectSettings & Pick<StoredProject, 'description'>

/** Rows moved to another project in one statement. */
const portionSize = 1000

export async function findProject(db: Executor, name: string): Promise<StoredProject | undefined> {
  const row = await db
    .selectFrom('projects')
    .select(columns)
    .where('name', '=', name)
    .executeTakeFirst()
  return row && toProject(row)
}

/** Finds the project and holds it against every other change until the transaction ends. */
export async function lockProject(
  tx: Transaction,
  name: string,
): Promise<StoredProject | undefined> {
  const row = await lockRows(
    tx,
    tx.selectFrom('projects').select(columns).where('name', '=', name),
    'change',
  ).executeTakeFirst()
  return row && toProject(row)
}

/** The projects of these names that exist, by name; for the levels above a name it is root first. */
export async function findProjects(
  db: Executor,
  names: readonly string[],
): Promise<StoredProject[]> {
  const rows = await db
    .selectFrom('projects')
    .select(columns)
    .where('name', 'in', names)
    .orderBy('name')
    .execute()
  return rows.map(toProject)
}

/** Where a list of projects goes on. */
export type ProjectPlace = { readonly name: string; readonly createdAt: string }

/** Projects below the root by name or moment of creation, upwards or downwards, those after `after` only. */
export async function listProjects(
  db: Executor,
  query: {
    readonly limit: number
    /** Default: by name, upwards. */
    readonly sort?: 'name' | 'createdAt'
    readonly order?: 'ascending' | 'descending'
    readonly after: ProjectPlace | undefined
    readonly prefix?: string | undefined
    /** A part of the name. */
    readonly contains?: string | undefined
    readonly parentId?: number | undefined
    readonly visibility?: Visibility | undefined
    readonly ids?: readonly number[] | undefined
  },
): Promise<StoredProject[]> {
  const { after, contains, prefix, parentId, visibility, ids } = query
  const isDescending = query.order === 'descending'
  const comparison = isDescending ? ('<' as const) : ('>' as const)
  const direction = isDescending ? ('desc' as const) : ('asc' as const)
  const range = prefix === undefined || prefix === '' ? undefined : namesFrom(prefix)
  const rows = await db
    .selectFrom('projects')
    .select(columns)
    // The root has no name.
    .where('name', '>', '')
    .$if(after !== undefined && query.sort !== 'createdAt', (select) =>
      select.where('name', comparison, after?.name ?? ''),
    )
    .$if(after !== undefined && query.sort === 'createdAt', (select) =>
      select.where(({ eb, refTuple, tuple }) =>
        eb(
          refTuple('created_at', 'name'),
          comparison,
          tuple(after?.createdAt ?? '', after?.name ?? ''),
        ),
      ),
    )
    .$if(contains !== undefined, (select) =>
      select.where(
        sql<boolean>`${sql.ref('name')} like ${`%${escapeLike(contains ?? '')}%`} escape '\\'`,
      ),
    )
    .$if(range !== undefined, (select) =>
      select.where('name', '>=', range?.from ?? '').where('name', '<', range?.before ?? ''),
    )
    .$if(parentId !== undefined, (select) => select.where('parent_id', '=', parentId ?? 0))
    .$if(visibility !== undefined, (select) =>
      select.where('visibility', '=', visibility ?? 'private'),
    )
    .$if(ids !== undefined, (select) => select.where('id', 'in', idList(db, ids ?? [])))
    .$if(query.sort === 'createdAt', (select) => select.orderBy('created_at', direction))
    .orderBy('name', direction)
    .limit(query.limit)
    .execute()
  return rows.map(toProject)
}

/** `undefined` when the name is taken. */
export async function insertProject(
  tx: Transaction,
  project: { name: string; parentId: number; createdAt: string } & Partial<ProjectValues>,
): Promise<StoredProject | undefined> {
  const row = await tx
    .insertInto('projects')
    .values({
      name: project.name,
      parent_id: project.parentId,
      description: project.description ?? '',
      visibility: project.visibility ?? null,
      quota_bytes: project.quotaBytes ?? null,
      quota_repositories: project.quotaRepositories ?? null,
      allowed_addresses: toJson(project.allowedAddresses ?? null),
      created_at: project.createdAt,
      updated_at: project.createdAt,
      version: 1,
    })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returning(columns)
    .executeTakeFirst()
  return row && toProject(row)
}

/** Changes what is given and counts the version up. */
export async function updateProject(
  tx: Transaction,
  id: number,
  change: Partial<ProjectValues> & { updatedAt: string },
): Promise<StoredProject> {
  const values: Updateable<Schema['projects']> = { updated_at: change.updatedAt }
  if (change.description !== undefined) values.description = change.description
  if (change.visibility !== undefined) values.visibility = change.visibility
  if (change.quotaBytes !== undefined) values.quota_bytes = change.quotaBytes
  if (change.quotaRepositories !== undefined) values.quota_repositories = change.quotaRepositories
  if (change.allowedAddresses !== undefined) {
    values.allowed_addresses = toJson(change.allowedAddresses)
  }
  const row = await tx
    .updateTable('projects')
    .set((eb) => ({ ...values, version: eb('version', '+', 1) }))
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirstOrThrow()
  return toProject(row)
}

/** What stands in the way of removing a project. */
export async function countContents(
  db: Executor,
  id: number,
): Promise<{ repositories: number; projects: number }> {
  const row = await db
    .selectNoFrom((eb) => [
      eb
        .selectFrom('repositories')
        .select((inner) => inner.fn.countAll<number>().as('count'))
        .where('project_id', '=', id)
        .as('repositories'),
      eb
        .selectFrom('projects')
        .select((inner) => inner.fn.countAll<number>().as('count'))
        .where('parent_id', '=', id)
        .as('projects'),
    ])
    .executeTakeFirstOrThrow()
  return { repositories: row.repositories ?? 0, projects: row.projects ?? 0 }
}

/** Removes an empty project with, by the foreign keys, its members, robots and rules. */
export async function removeProject(tx: Transaction, id: number): Promise<void> {
  await tx.deleteFrom('usage_deltas').where('project_id', '=', id).execute()
  await tx.deleteFrom('projects').where('id', '=', id).execute()
}

/**
 * Gives the new project what lies below its name and belonged to its parent: sub-projects, repositories, and the
 * repository of the very same name. 1000 rows with each statement.
 */
export async function adoptContents(tx: Transaction, project: StoredProject): Promise<void> {
  const { from, before } = namesFrom(`${project.name}/`)
  const parentId = project.parentId ?? rootProjectId
  await repeat(() =>
    tx
      .updateTable('projects')
      .set({ parent_id: project.id })
      .where('id', 'in', (eb) =>
        eb
          .selectFrom('projects')
          .select('id')
          .where('parent_id', '=', parentId)
          .where('name', '>=', from)
          .where('name', '<', before)
          .limit(portionSize),
      )
      .executeTakeFirst(),
  )
  await repeat(() =>
    tx
      .updateTable('repositories')
      .set({ project_id: project.id })
      .where('id', 'in', (eb) =>
        eb
          .selectFrom('repositories')
          .select('id')
          .where('project_id', '=', parentId)
          .where(({ or, and, eb: is }) =>
            or([
              is('name', '=', project.name),
              and([is('name', '>=', from), is('name', '<', before)]),
            ]),
          )
          .limit(portionSize),
      )
      .executeTakeFirst(),
  )
}

async function repeat(move: () => Promise<{ numUpdatedRows: bigint }>): Promise<void> {
  while ((await move()).numUpdatedRows === BigInt(portionSize));
}

function toJson(ranges: readonly string[] | null): string | null {
  return ranges === null ? null : JSON.stringify(ranges)
}

function toProject(
  row: Omit<StoredProject, 'allowedAddresses'> & { allowedAddresses: string | null },
): StoredProject {
  const { allowedAddresses } = row
  return {
    ...row,
    allowedAddresses:
      allowedAddresses === null ? null : (JSON.parse(allowedAddresses) as readonly string[]),
  }
}

/** The name of a project; `''` is that of the root. */
export async function findProjectName(db: Executor, id: number): Promise<string | undefined> {
  const row = await db.selectFrom('projects').select('name').where('id', '=', id).executeTakeFirst()
  return row?.name
}
