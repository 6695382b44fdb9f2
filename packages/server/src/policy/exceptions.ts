import { randomUUID } from 'node:crypto'
import type { AccessChanges, ChangeContext } from '../access/changes.ts'
import { parseGlob } from '../access/glob.ts'
import { notNext, type Page, readPage } from '../access/page.ts'
import { projectUnknown } from '../access/projects.ts'
import { BerthError } from '../errors.ts'
import type { Database } from '../metadata/database.ts'
import {
  countExceptions,
  endException,
  insertException,
  pageOfExceptions,
  type StoredException,
} from '../metadata/policy-exceptions.ts'
import { findProject, lockProject } from '../metadata/projects.ts'

/** Of one project, that count at once: every judgement looks at them all. */
const exceptionsMax = 1000
const tenYearsMs = 3650 * 86_400_000

export type ExceptionInput = {
  readonly rule?: string | undefined
  readonly vulnerability?: string | undefined
  readonly package?: string | undefined
  readonly repositories: string
  readonly reason: string
  readonly endsAt: string
}

export type ExceptionView = {
  readonly id: string
  readonly project: string
  readonly rule: string | null
  readonly vulnerability: string | null
  readonly package: string | null
  readonly repositories: string
  readonly reason: string
  readonly author: string
  readonly createdAt: string
  readonly endsAt: string
  readonly endedAt: string | null
  readonly endedBy: string | null
}

/** What may pass although a rule says otherwise: always with an end, a reason, and whoever answers for it. */
export class PolicyExceptions {
  readonly #database: Database
  readonly #changes: AccessChanges
  readonly #now: () => number

  constructor(parts: { database: Database; changes: AccessChanges; now: () => number }) {
    this.#database = parts.database
    this.#changes = parts.changes
    this.#now = parts.now
  }

  /** Those of a project, or `undefined`: of all. The latest first. Throws `notFound`, `requestInvalid`. */
  async listExceptions(
    project: string | undefined,
    query: {
      state: 'active' | 'all'
      vulnerability?: string | undefined
      after?: string | undefined
      limit: number
    },
  ): Promise<Page<ExceptionView>> {
    const { read } = this.#database
    const found = project === undefined ? undefined : await findProject(read, project)
    if (project !== undefined && !found) throw projectUnknown()
    const projectId = found?.id ?? 'all'
    const { vulnerability } = query
    const after = readPlace(query.after)
    const activeAt = query.state === 'active' ? new Date(this.#now()).toISOString() : undefined
    return readPage(
      query.limit,
      (limit) => pageOfExceptions(read, { projectId, vulnerability, activeAt, after, limit }),
      ({ createdAt, id }) => `${createdAt}_${id}`,
      (row) => toView(row.project, row),
    )
  }

  /** Throws `notFound`, `requestInvalid`, `conflict` when there are too many. */
  async createException(
    context: ChangeContext,
    project: string,
    input: ExceptionInput,
  ): Promise<ExceptionView> {
    parseGlob(input.repositories, 'repositories')
    const endsAt = this.#checkEnd(input.endsAt)
    return this.#changes.run(context, async ({ tx, now, record }) => {
      const found = await lockProject(tx, project)
      if (!found) throw projectUnknown()
      if ((await countExceptions(tx, found.id, now)) >= exceptionsMax) {
        throw new BerthError(
          'conflict',
          `The project has ${exceptionsMax} exceptions that count, which is the limit. End some, or mend what they are for.`,
          { details: [{ reason: 'tooManyExceptions', limit: exceptionsMax }] },
        )
      }
      const exception: StoredException = {
        id: randomUUID(),
        projectId: found.id,
        rule: input.rule ?? '',
        vulnerability: input.vulnerability ?? '',
        package: input.package ?? '',
        repositories: input.repositories,
        reason: input.reason,
        author: context.actor.name,
        createdAt: now,
        endsAt,
        endedAt: null,
        endedBy: null,
      }
      await insertException(tx, exception)
      const view = toView(project, exception)
      await record({ ...event('policyException.created', project, exception.id), after: view })
      return view
    })
  }

  /** Throws `notFound` when there is none that counts. */
  async endException(context: ChangeContext, project: string, id: string): Promise<void> {
    await this.#changes.run(context, async ({ tx, now, record }) => {
      const found = await lockProject(tx, project)
      if (!found) throw projectUnknown()
      const ended = await endException(tx, {
        projectId: found.id,
        id,
        now,
        by: context.actor.name,
      })
      if (!ended) {
        throw new BerthError('notFound', 'The project has no such exception that still counts.')
      }
      await record({
        ...event('policyException.ended', project, id),
        after: toView(project, ended),
      })
    })
  }

  #checkEnd(text: string): string {
    const end = Date.parse(text)
    const now = this.#now()
    if (end > now && end < now + tenYearsMs) return new Date(end).toISOString()
    throw new BerthError(
      'requestInvalid',
      'The end of an exception must lie in the future, and within ten years.',
      { details: [{ field: 'endsAt', rule: 'future' }] },
    )
  }
}

function readPlace(after: string | undefined): { createdAt: string; id: string } | undefined {
  if (after === undefined) return undefined
  const [, createdAt, id] = /^([0-9TZ:.-]{20,30})_([0-9a-f-]{36})$/.exec(after) ?? []
  if (createdAt === undefined || id === undefined) throw notNext()
  return { createdAt, id }
}

function toView(project: string, stored: StoredException): ExceptionView {
  const { projectId: _, rule, vulnerability, package: name, ...rest } = stored
  return {
    ...rest,
    project,
    rule: rule === '' ? null : rule,
    vulnerability: vulnerability === '' ? null : vulnerability,
    package: name === '' ? null : name,
  }
}

function event(action: string, project: string, id: string) {
  return { action, targetKind: 'policyException', target: id, project }
}
