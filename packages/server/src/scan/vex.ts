import { Unreadable } from '@berth/scanner/detector.ts'
import type { AccessChanges, Change, ChangeContext } from '../access/changes.ts'
import { projectUnknown } from '../access/projects.ts'
import { readCursor, writeCursor } from '../cursor.ts'
import { BerthError } from '../errors.ts'
import type { Database } from '../metadata/database.ts'
import { findProject, lockProject } from '../metadata/projects.ts'
import {
  type VexRow,
  findVexRow,
  insertVexStatements,
  listVexRows,
  revokeVexRow,
} from '../metadata/vex-statements.ts'
import { type LeftOut, toVexRow, type VexInput, type VexScope } from './vex-inputs.ts'

const leftOutMax = 100

type VexListQuery = {
  state: 'active' | 'revoked' | 'all'
  vulnerability: string | undefined
  after: string | undefined
  limit: number
}

type VexPage = { items: (VexRow & { project: string })[]; next: string | null }

/** What authorised people say of vulnerabilities: it suppresses findings, and is never deleted. */
export class VexStatements {
  readonly #database: Database
  readonly #changes: AccessChanges

  constructor(parts: { database: Database; changes: AccessChanges }) {
    this.#database = parts.database
    this.#changes = parts.changes
  }

  /** Of this very project, the newest first. Throws `notFound`, `requestInvalid` for a foreign `after`. */
  async list(project: string, query: VexListQuery): Promise<VexPage> {
    const found = await findProject(this.#database.read, project)
    if (!found) throw projectUnknown()
    return this.#page(found.id, query)
  }

  /** Of all projects, the newest first. Throws `requestInvalid` for a foreign `after`. */
  listAll(query: VexListQuery): Promise<VexPage> {
    return this.#page('all', query)
  }

  async #page(projectId: number | 'all', query: VexListQuery): Promise<VexPage> {
    const { state, vulnerability, after, limit } = query
    const [created_at = '', id = ''] = after === undefined ? [] : readCursor(after, 2)
    const rows = await listVexRows(this.#database.read, {
      projectId,
      state,
      vulnerability,
      after: after === undefined ? undefined : { created_at, id },
      limit: limit + 1,
    })
    const items = rows.slice(0, limit)
    const last = items.at(-1)
    const next = rows.length > items.length && last ? writeCursor(last.created_at, last.id) : null
    return { items, next }
  }

  /** Throws `notFound`, and `requestInvalid` for a repository that is not of the project. */
  create(context: ChangeContext, project: string, input: VexInput): Promise<VexRow> {
    checkScope(project, input)
    return this.#change(context, project, async (change, projectId) => {
      const row = toVexRow(input, {
        projectId,
        author: context.actor.name,
        source: 'berth',
        at: change.now,
      })
      await insertVexStatements(change.tx, [row])
      await record(change, project, 'vexStatement.created', row)
      return row
    })
  }

  /**
   * Takes over the statements of a document, whoever wrote it: who uploads it answers for it. Throws `requestInvalid`
   * when it cannot be read, `notFound`.
   */
  async upload(
    context: ChangeContext,
    project: string,
    document: unknown,
    scope: VexScope,
  ): Promise<{ created: VexRow[]; leftOut: LeftOut[] }> {
    checkScope(project, scope)
    const { inputs, leftOut, source } = await readDocument(document, scope)
    return this.#change(context, project, async (change, projectId) => {
      const origin = { projectId, author: context.actor.name, source, at: change.now }
      const created = inputs.map((input) => toVexRow(input, origin))
      await insertVexStatements(change.tx, created)
      await change.record({
        action: 'vexDocument.uploaded',
        targetKind: 'project',
        target: project,
        project,
        after: { source, statements: created.length, leftOut: leftOut.length },
      })
      return { created, leftOut: leftOut.slice(0, leftOutMax) }
    })
  }

  /** Throws `notFound`, and `conflict` when it was revoked before. */
  revoke(context: ChangeContext, project: string, id: string): Promise<VexRow> {
    return this.#change(context, project, async (change, projectId) => {
      const { tx, now } = change
      const row = await revokeVexRow(tx, { id, projectId, now, by: context.actor.name })
      if (!row) {
        if (await findVexRow(tx, projectId, id)) {
          throw new BerthError('conflict', 'The statement was taken back before.')
        }
        throw new BerthError('notFound', 'The project has no such statement.')
      }
      await record(change, project, 'vexStatement.revoked', row)
      return row
    })
  }

  #change<T>(
    context: ChangeContext,
    project: string,
    work: (change: Change, projectId: number) => Promise<T>,
  ): Promise<T> {
    return this.#changes.run(context, async (change) => {
      const found = await lockProject(change.tx, project)
      if (!found) throw projectUnknown()
      return work(change, found.id)
    })
  }
}

function record(change: Change, project: string, action: string, row: VexRow): Promise<void> {
  const { vulnerability, repository, image_digest: image, package: name, status } = row
  return change.record({
    action,
    targetKind: 'vexStatement',
    target: row.id,
    project,
    after: { vulnerability, status, repository, image, package: name },
  })
}

function checkScope(project: string, { repository }: VexScope): void {
  if (repository === undefined || project === '' || repository === project) return
  if (repository.startsWith(`${project}/`)) return
  const message = `must lie in the project: be named ${project} or begin with ${project}/`
  throw new BerthError('requestInvalid', `repository: ${message}.`, {
    details: [{ in: 'body', path: 'repository', rule: 'withinProject', message }],
  })
}

async function readDocument(document: unknown, scope: VexScope) {
  // Loaded when there is a document: the server starts faster without.
  const { readVexInputs } = await import('./vex-document.ts')
  try {
    return readVexInputs(document, scope)
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    throw new BerthError('requestInvalid', `The document cannot be read: ${error.message}.`, {
      details: [{ in: 'body', path: 'document', rule: 'vex', message: error.message }],
    })
  }
}
