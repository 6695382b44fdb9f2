import { type Executor, type Transaction, inPortions } from './database.ts'
import { namesFrom } from './name-range.ts'
import type { VexStatementsTable } from './scan-schema.ts'

export type VexRow = VexStatementsTable

const listMax = 10_000

export async function insertVexStatements(tx: Transaction, rows: readonly VexRow[]): Promise<void> {
  await inPortions(rows, (portion) => tx.insertInto('vex_statements').values(portion).execute())
}

/** Statements of one project or of all with the name of theirs, the newest first; those after `after` only. */
export function listVexRows(
  db: Executor,
  query: {
    projectId: number | 'all'
    state: 'active' | 'revoked' | 'all'
    vulnerability: string | undefined
    after: { created_at: string; id: string } | undefined
    limit: number
  },
): Promise<(VexRow & { project: string })[]> {
  const { projectId, state, vulnerability, after } = query
  return db
    .selectFrom('vex_statements')
    .innerJoin('projects', 'projects.id', 'vex_statements.project_id')
    .selectAll('vex_statements')
    .select('projects.name as project')
    .$if(projectId !== 'all', (builder) =>
      builder.where('project_id', '=', projectId === 'all' ? 0 : projectId),
    )
    .$if(state === 'active', (builder) => builder.where('revoked_at', 'is', null))
    .$if(state === 'revoked', (builder) => builder.where('revoked_at', 'is not', null))
    .$if(vulnerability !== undefined, (builder) =>
      builder.where('vulnerability', '=', vulnerability ?? ''),
    )
    .$if(after !== undefined, (builder) =>
      builder.where(({ eb, refTuple, tuple }) =>
        eb(
          refTuple('vex_statements.created_at', 'vex_statements.id'),
          '<',
          tuple(after?.created_at ?? '', after?.id ?? ''),
        ),
      ),
    )
    .orderBy('vex_statements.created_at', 'desc')
    .orderBy('vex_statements.id', 'desc')
    .limit(query.limit)
    .execute()
}

/** Takes a statement back; `undefined` when there is none that holds. */
export function revokeVexRow(
  tx: Transaction,
  statement: { id: string; projectId: number; now: string; by: string },
): Promise<VexRow | undefined> {
  return tx
    .updateTable('vex_statements')
    .set({ revoked_at: statement.now, revoked_by: statement.by })
    .where('id', '=', statement.id)
    .where('project_id', '=', statement.projectId)
    .where('revoked_at', 'is', null)
    .returningAll()
    .executeTakeFirst()
}

/** Which statements of attestations: those of a repository, or of a project and below it, that match all that is given. */
type AttestedQuery = {
  readonly repository?: string
  /** `''`: everywhere. */
  readonly project?: string
  readonly source?: string
  readonly author?: string
}

/** Statements in force that came with attestations of an image in a repository. */
export function attestedVexRows(
  db: Executor,
  repository: string,
  image: string,
): Promise<VexRow[]> {
  return db
    .selectFrom('vex_statements')
    .selectAll()
    .where('source', '=', 'attestation')
    .where('revoked_at', 'is', null)
    .where('repository', '=', repository)
    .where('image_digest', '=', image)
    .execute()
}

/** Takes back what attestations said; nobody did it, so there is no `revoked_by`. */
export async function revokeAttestedVex(
  tx: Transaction,
  query: AttestedQuery,
  now: string,
): Promise<void> {
  const { repository, project, source, author } = query
  const below = namesFrom(`${project}/`)
  await tx
    .updateTable('vex_statements')
    .set({ revoked_at: now })
    .where('source', '=', 'attestation')
    .where('revoked_at', 'is', null)
    .$if(repository !== undefined, (update) => update.where('repository', '=', repository ?? ''))
    .$if(project !== undefined && project !== '', (update) =>
      update.where('repository', 'in', (eb) =>
        eb
          .selectFrom('repositories')
          .select('name')
          .where((of) =>
            of.or([
              of('name', '=', project ?? ''),
              of.and([of('name', '>=', below.from), of('name', '<', below.before)]),
            ]),
          ),
      ),
    )
    .$if(source !== undefined, (update) => update.where('source_digest', '=', source ?? ''))
    .$if(author !== undefined, (update) => update.where('author', '=', author ?? ''))
    .execute()
}

/** Takes back these. */
export async function revokeVexRows(
  tx: Transaction,
  ids: readonly string[],
  now: string,
): Promise<void> {
  await inPortions(ids, (portion) =>
    tx.updateTable('vex_statements').set({ revoked_at: now }).where('id', 'in', portion).execute(),
  )
}

export function findVexRow(
  db: Executor,
  projectId: number,
  id: string,
): Promise<VexRow | undefined> {
  return db
    .selectFrom('vex_statements')
    .selectAll()
    .where('id', '=', id)
    .where('project_id', '=', projectId)
    .executeTakeFirst()
}

/** Whether any statement in force may speak of an image in a repository. */
export async function hasVexRows(
  db: Executor,
  query: { projects: readonly string[]; repository: string },
): Promise<boolean> {
  const row = await db
    .selectFrom('vex_statements')
    .innerJoin('projects', 'projects.id', 'vex_statements.project_id')
    .select('vex_statements.id')
    .where('projects.name', 'in', query.projects)
    .where('vex_statements.repository', 'in', ['', query.repository])
    .where('vex_statements.revoked_at', 'is', null)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/**
 * Statements in force that may speak of an image in a repository: those of the projects above it, of this repository or
 * all, of this image or all. The newest 10,000.
 */
export function vexRowsFor(
  db: Executor,
  query: { projects: readonly string[]; repository: string; digest: string },
): Promise<VexRow[]> {
  return db
    .selectFrom('vex_statements')
    .innerJoin('projects', 'projects.id', 'vex_statements.project_id')
    .selectAll('vex_statements')
    .where('projects.name', 'in', query.projects)
    .where('vex_statements.repository', 'in', ['', query.repository])
    .where('vex_statements.image_digest', 'in', ['', query.digest])
    .where('vex_statements.revoked_at', 'is', null)
    .orderBy('vex_statements.created_at', 'desc')
    .limit(listMax)
    .execute()
}
