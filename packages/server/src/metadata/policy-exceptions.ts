import type { Executor, Transaction } from './database.ts'

export type StoredException = {
  readonly id: string
  readonly projectId: number
  /** These three: empty means any. */
  readonly rule: string
  readonly vulnerability: string
  readonly package: string
  readonly repositories: string
  readonly reason: string
  readonly author: string
  readonly createdAt: string
  readonly endsAt: string
  readonly endedAt: string | null
  readonly endedBy: string | null
}

const columns = [
  'policy_exceptions.id',
  'policy_exceptions.project_id as projectId',
  'policy_exceptions.rule',
  'policy_exceptions.vulnerability',
  'policy_exceptions.package',
  'policy_exceptions.repositories',
  'policy_exceptions.reason',
  'policy_exceptions.author',
  'policy_exceptions.created_at as createdAt',
  'policy_exceptions.ends_at as endsAt',
  'policy_exceptions.ended_at as endedAt',
  'policy_exceptions.ended_by as endedBy',
] as const

/** Those of these projects that count at `now`. */
export function exceptionsOfProjects(
  db: Executor,
  projects: readonly string[],
  now: string,
): Promise<(StoredException & { readonly project: string })[]> {
  return db
    .selectFrom('projects')
    .innerJoin('policy_exceptions', 'policy_exceptions.project_id', 'projects.id')
    .select(columns)
    .select('projects.name as project')
    .where('projects.name', 'in', projects)
    .where('policy_exceptions.ended_at', 'is', null)
    .where('policy_exceptions.ends_at', '>', now)
    .orderBy('policy_exceptions.created_at')
    .orderBy('policy_exceptions.id')
    .execute()
}

/** Of one project or of all, the latest first. With `activeAt`, only those that count then. */
export function pageOfExceptions(
  db: Executor,
  query: {
    projectId: number | 'all'
    /** In any case. */
    vulnerability: string | undefined
    activeAt: string | undefined
    after: { createdAt: string; id: string } | undefined
    limit: number
  },
): Promise<(StoredException & { readonly project: string })[]> {
  const { projectId, vulnerability, activeAt, after } = query
  return db
    .selectFrom('policy_exceptions')
    .innerJoin('projects', 'projects.id', 'policy_exceptions.project_id')
    .select(columns)
    .select('projects.name as project')
    .$if(projectId !== 'all', (select) =>
      select.where('policy_exceptions.project_id', '=', projectId === 'all' ? 0 : projectId),
    )
    .$if(vulnerability !== undefined, (select) =>
      select.where(
        ({ fn }) => fn<string>('lower', ['policy_exceptions.vulnerability']),
        '=',
        (vulnerability ?? '').toLowerCase(),
      ),
    )
    .$if(activeAt !== undefined, (select) =>
      select
        .where('policy_exceptions.ended_at', 'is', null)
        .where('policy_exceptions.ends_at', '>', activeAt ?? ''),
    )
    .$if(after !== undefined, (select) =>
      select.where(({ eb, or, and }) =>
        or([
          eb('policy_exceptions.created_at', '<', after?.createdAt ?? ''),
          and([
            eb('policy_exceptions.created_at', '=', after?.createdAt ?? ''),
            eb('policy_exceptions.id', '<', after?.id ?? ''),
          ]),
        ]),
      ),
    )
    .orderBy('policy_exceptions.created_at', 'desc')
    .orderBy('policy_exceptions.id', 'desc')
    .limit(query.limit)
    .execute()
}

/** How many of a project count at `now`. */
export async function countExceptions(
  tx: Transaction,
  projectId: number,
  now: string,
): Promise<number> {
  const row = await tx
    .selectFrom('policy_exceptions')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('project_id', '=', projectId)
    .where('ended_at', 'is', null)
    .where('ends_at', '>', now)
    .executeTakeFirstOrThrow()
  return row.count
}

export async function insertException(tx: Transaction, exception: StoredException): Promise<void> {
  await tx
    .insertInto('policy_exceptions')
    .values({
      id: exception.id,
      project_id: exception.projectId,
      rule: exception.rule,
      vulnerability: exception.vulnerability,
      package: exception.package,
      repositories: exception.repositories,
      reason: exception.reason,
      author: exception.author,
      created_at: exception.createdAt,
      ends_at: exception.endsAt,
      ended_at: exception.endedAt,
      ended_by: exception.endedBy,
    })
    .execute()
}

/** Ends one of the project that still counts at `now`; `undefined` when there is none. */
export function endException(
  tx: Transaction,
  exception: { projectId: number; id: string; now: string; by: string },
): Promise<StoredException | undefined> {
  return tx
    .updateTable('policy_exceptions')
    .set({ ended_at: exception.now, ended_by: exception.by })
    .where('id', '=', exception.id)
    .where('project_id', '=', exception.projectId)
    .where('ended_at', 'is', null)
    .where('ends_at', '>', exception.now)
    .returning(columns)
    .executeTakeFirst()
}
