import type { RepositoryAction } from '../actor.ts'
import type { Database, Executor, Transaction } from './database.ts'
import { lockRows } from './row-lock.ts'

export type StoredRobot = {
  readonly id: string
  readonly projectId: number
  /** `''` for the root. */
  readonly projectName: string
  readonly login: string
  readonly description: string
  readonly secretHash: string
  readonly previousSecretHash: string | null
  /** Until then the previous secret is good too. */
  readonly previousExpiresAt: string | null
  readonly actions: readonly RepositoryAction[]
  /** Globs, as text. */
  readonly repositories: readonly string[]
  /** CIDR ranges; `null`: from anywhere. */
  readonly allowedAddresses: readonly string[] | null
  readonly expiresAt: string | null
  readonly disabledAt: string | null
  readonly lastUsedAt: string | null
  readonly createdAt: string
  /** Name of who made it. */
  readonly createdBy: string
  readonly version: number
}

type RobotRow = Omit<StoredRobot, 'actions' | 'repositories' | 'allowedAddresses'> & {
  readonly actions: string
  readonly repositories: string
  readonly allowedAddresses: string | null
}

/** What of a robot can change, but for its secret. */
export type RobotChange = Partial<
  Pick<
    StoredRobot,
    | 'description'
    | 'actions'
    | 'repositories'
    | 'allowedAddresses'
    | 'expiresAt'
    | 'disabledAt'
    | 'secretHash'
    | 'previousSecretHash'
    | 'previousExpiresAt'
  >
>

const columns = [
  'robots.id as id',
  'robots.project_id as projectId',
  'projects.name as projectName',
  'robots.login as login',
  'robots.description as description',
  'robots.secret_hash as secretHash',
  'robots.previous_secret_hash as previousSecretHash',
  'robots.previous_expires_at as previousExpiresAt',
  'robots.actions as actions',
  'robots.repositories as repositories',
  'robots.allowed_addresses as allowedAddresses',
  'robots.expires_at as expiresAt',
  'robots.disabled_at as disabledAt',
  'robots.last_used_at as lastUsedAt',
  'robots.created_at as createdAt',
  'robots.created_by as createdBy',
  'robots.version as version',
] as const

const robots = (db: Executor) =>
  db.selectFrom('robots').innerJoin('projects', 'projects.id', 'robots.project_id').select(columns)

export async function findRobotById(db: Executor, id: string): Promise<StoredRobot | undefined> {
  const row: RobotRow | undefined = await robots(db).where('robots.id', '=', id).executeTakeFirst()
  return row && fromRow(row)
}

/** The read that every login of a robot makes. */
export function prepareRobotByLogin(
  database: Database,
): (login: string) => Promise<StoredRobot | undefined> {
  const read = database.prepare<{ login: string }, RobotRow>((db, p) =>
    robots(db).where('robots.login', '=', p('login')),
  )
  return async (login) => {
    const row = await read.first({ login })
    return row && fromRow(row)
  }
}

/** The robots of one project without those below it, by login, after `after`. */
export async function listRobots(
  db: Executor,
  page: { project: string; after: string; limit: number },
): Promise<StoredRobot[]> {
  const rows: RobotRow[] = await robots(db)
    .where('projects.name', '=', page.project)
    .where('robots.login', '>', page.after)
    .orderBy('robots.login')
    .limit(page.limit)
    .execute()
  return rows.map(fromRow)
}

export async function findRobot(
  db: Executor,
  robot: { project: string; id: string },
): Promise<StoredRobot | undefined> {
  const row = await robots(db)
    .where('robots.id', '=', robot.id)
    .where('projects.name', '=', robot.project)
    .executeTakeFirst()
  return row && fromRow(row)
}

/** As `findRobot`, held against other changes until the transaction ends. */
export async function lockRobot(
  tx: Transaction,
  robot: { project: string; id: string },
): Promise<StoredRobot | undefined> {
  const row = tx.selectFrom('robots').select('id').where('id', '=', robot.id)
  await lockRows(tx, row, 'change').executeTakeFirst()
  return findRobot(tx, robot)
}

export async function countRobots(db: Executor, projectId: number): Promise<number> {
  const { held } = await db
    .selectFrom('robots')
    .select((eb) => eb.fn.countAll<number>().as('held'))
    .where('project_id', '=', projectId)
    .executeTakeFirstOrThrow()
  return held
}

/** `false` when the login is taken. */
export async function insertRobot(tx: Transaction, robot: StoredRobot): Promise<boolean> {
  const row = await tx
    .insertInto('robots')
    .values({
      id: robot.id,
      project_id: robot.projectId,
      login: robot.login,
      description: robot.description,
      secret_hash: robot.secretHash,
      previous_secret_hash: robot.previousSecretHash,
      previous_expires_at: robot.previousExpiresAt,
      actions: JSON.stringify(robot.actions),
      repositories: JSON.stringify(robot.repositories),
      allowed_addresses: robot.allowedAddresses && JSON.stringify(robot.allowedAddresses),
      expires_at: robot.expiresAt,
      disabled_at: robot.disabledAt,
      last_used_at: robot.lastUsedAt,
      created_at: robot.createdAt,
      created_by: robot.createdBy,
      version: robot.version,
    })
    .onConflict((conflict) => conflict.column('login').doNothing())
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** Changes what is given, and counts the version up. */
export async function updateRobot(tx: Transaction, id: string, change: RobotChange): Promise<void> {
  const { actions, repositories, allowedAddresses } = change
  await tx
    .updateTable('robots')
    .set((eb) => ({
      version: eb('version', '+', 1),
      ...(change.description !== undefined && { description: change.description }),
      ...(actions && { actions: JSON.stringify(actions) }),
      ...(repositories && { repositories: JSON.stringify(repositories) }),
      ...(allowedAddresses !== undefined && {
        allowed_addresses: allowedAddresses && JSON.stringify(allowedAddresses),
      }),
      ...(change.expiresAt !== undefined && { expires_at: change.expiresAt }),
      ...(change.disabledAt !== undefined && { disabled_at: change.disabledAt }),
      ...(change.secretHash !== undefined && { secret_hash: change.secretHash }),
      ...(change.previousSecretHash !== undefined && {
        previous_secret_hash: change.previousSecretHash,
      }),
      ...(change.previousExpiresAt !== undefined && {
        previous_expires_at: change.previousExpiresAt,
      }),
    }))
    .where('id', '=', id)
    .execute()
}

export async function removeRobot(tx: Transaction, id: string): Promise<void> {
  await tx.deleteFrom('robots').where('id', '=', id).execute()
}

/** Bookkeeping only: neither the version nor the access epoch moves. */
export async function touchRobot(tx: Transaction, id: string, lastUsedAt: string): Promise<void> {
  await tx.updateTable('robots').set({ last_used_at: lastUsedAt }).where('id', '=', id).execute()
}

/** What is in the columns was written by `insertRobot` and `updateRobot`, so it has the right form. */
function fromRow(row: RobotRow): StoredRobot {
  return {
    ...row,
    actions: JSON.parse(row.actions),
    repositories: JSON.parse(row.repositories),
    allowedAddresses: row.allowedAddresses === null ? null : JSON.parse(row.allowedAddresses),
  }
}
