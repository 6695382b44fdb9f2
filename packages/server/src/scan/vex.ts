import { Unreadable } from '@berth/scanner/detector.ts'
import { parsePurl, purlPackage } from '@berth/scanner/sbom/purl-package.ts'
import { readVex } from '@berth/scanner/vex/read-vex.ts'
import type { VexStatement } from '@berth/scanner/vex/vex-statement.ts'
import { randomUUID } from 'node:crypto'
import type { AccessChanges, Change, ChangeContext } from '../access/changes.ts'
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

export type VexScope = { repository?: string | undefined; image?: string | undefined }

export type VexInput = VexScope & {
  vulnerability: string
  package?: string | undefined
  status: VexRow['status']
  justification?: string | undefined
  statement?: string | undefined
}

type LeftOut = { vulnerability: string; reason: string }

/** Taken over from one document. */
const documentMax = 2000
const leftOutMax = 100

/** What authorised people say of vulnerabilities: it suppresses findings, and is never deleted. */
export class VexStatements {
  readonly #database: Database
  readonly #changes: AccessChanges

  constructor(parts: { database: Database; changes: AccessChanges }) {
    this.#database = parts.database
    this.#changes = parts.changes
  }

  /** Of this very project, the newest first. Throws `notFound`, `requestInvalid` for a foreign `after`. */
  async list(
    project: string,
    query: {
      state: 'active' | 'revoked' | 'all'
      vulnerability: string | undefined
      after: string | undefined
      limit: number
    },
  ): Promise<{ items: VexRow[]; next: string | null }> {
    const found = await findProject(this.#database.read, project)
    if (!found) throw projectUnknown()
    const [created_at = '', id = ''] = query.after === undefined ? [] : readCursor(query.after, 2)
    const rows = await listVexRows(this.#database.read, {
      projectId: found.id,
      state: query.state,
      vulnerability: query.vulnerability,
      after: query.after === undefined ? undefined : { created_at, id },
      limit: query.limit + 1,
    })
    const items = rows.slice(0, query.limit)
    const last = items.at(-1)
    return {
      items,
      next: rows.length > items.length && last ? writeCursor(last.created_at, last.id) : null,
    }
  }

  /** Throws `notFound`, and `requestInvalid` for a repository that is not of the project. */
  create(context: ChangeContext, project: string, input: VexInput): Promise<VexRow> {
    checkScope(project, input)
    return this.#change(context, project, async (change, projectId) => {
      const row = toRow(input, {
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
  upload(
    context: ChangeContext,
    project: string,
    document: unknown,
    scope: VexScope,
  ): Promise<{ created: VexRow[]; leftOut: LeftOut[] }> {
    checkScope(project, scope)
    const { inputs, leftOut, source } = readInputs(document, scope)
    return this.#change(context, project, async (change, projectId) => {
      const origin = { projectId, author: context.actor.name, source, at: change.now }
      const created = inputs.map((input) => toRow(input, origin))
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

function toRow(
  input: VexInput,
  origin: { projectId: number; author: string; source: VexRow['source']; at: string },
): VexRow {
  return {
    id: randomUUID(),
    project_id: origin.projectId,
    repository: input.repository ?? '',
    image_digest: input.image ?? '',
    vulnerability: input.vulnerability,
    package: input.package ?? '',
    status: input.status,
    justification: input.justification ?? null,
    statement: input.statement ?? null,
    author: origin.author,
    source: origin.source,
    source_digest: '',
    created_at: origin.at,
    revoked_at: null,
    revoked_by: null,
  }
}

function readInputs(
  document: unknown,
  scope: VexScope,
): { inputs: VexInput[]; leftOut: LeftOut[]; source: VexRow['source'] } {
  const statements = readStatements(document)
  const inputs: VexInput[] = []
  const leftOut: LeftOut[] = []
  for (const statement of statements) {
    if (inputs.length >= documentMax) {
      const reason = `The document has more than ${documentMax} statements.`
      leftOut.push({ vulnerability: statement.vulnerability, reason })
      continue
    }
    const found = inputsOf(statement, scope)
    if (found.length === 0) {
      const reason = 'It speaks of no package and no image that Berth can tell.'
      leftOut.push({ vulnerability: statement.vulnerability, reason })
    }
    inputs.push(...found)
  }
  const source = statements[0]?.source === 'cyclonedx' ? 'cyclonedx' : 'openvex'
  return { inputs, leftOut, source }
}

function readStatements(document: unknown): VexStatement[] {
  try {
    return readVex(Buffer.from(JSON.stringify(document)))
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    throw new BerthError('requestInvalid', `The document cannot be read: ${error.message}.`, {
      details: [{ in: 'body', path: 'document', rule: 'vex', message: error.message }],
    })
  }
}

/** One for each product and package that it names. An image in the request narrows what the document says. */
function inputsOf(statement: VexStatement, scope: VexScope): VexInput[] {
  const { vulnerability, status, justification, statement: words } = statement
  const base = { ...scope, vulnerability, status, justification, statement: words?.slice(0, 4000) }
  return statement.products.flatMap(({ purl, digest, subcomponents }): VexInput[] => {
    const named = digest ?? digestOf(purl)
    if (scope.image !== undefined && named !== undefined && named !== scope.image) return []
    const image = scope.image ?? named
    const packages = subcomponents.flatMap((one) => packageOf(one) ?? [])
    if (packages.length > 0) return packages.map((name) => ({ ...base, image, package: name }))
    if (subcomponents.length > 0) return []
    const own = purl === undefined ? undefined : packageOf(purl)
    if (own !== undefined) return [{ ...base, image, package: own }]
    return image === undefined ? [] : [{ ...base, image }]
  })
}

function digestOf(purl: string | undefined): string | undefined {
  return /^pkg:oci\/[^@]+@(sha256(?::|%3A)[0-9a-f]{64})/i
    .exec(purl ?? '')?.[1]
    ?.replace(/%3a/i, ':')
}

const distributions = new Set(['deb', 'rpm', 'apk'])

/** `kind:name`, with `@version` where it says one, as statements are kept. */
function packageOf(text: string): string | undefined {
  const known = purlPackage(text)
  if (known !== undefined) return `${known.kind}:${known.name}@${known.version}`
  const parsed = parsePurl(text)
  if (parsed === undefined || parsed.type === 'oci' || parsed.version) return undefined
  const { type, namespace, name } = parsed
  const separator = type === 'maven' ? ':' : '/'
  const isPlain = !namespace || distributions.has(type)
  return `${type}:${isPlain ? name : `${namespace}${separator}${name}`}`
}

function projectUnknown(): BerthError {
  return new BerthError('notFound', 'There is no such project.')
}
