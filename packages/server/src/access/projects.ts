import type { Visibility } from '../actor.ts'
import { readCursor, writeCursor } from '../cursor.ts'
import { BerthError } from '../errors.ts'
import type { Database, Executor, Transaction } from '../metadata/database.ts'
import {
  adoptContents,
  countContents,
  findProject,
  findProjects,
  insertProject,
  listProjects,
  lockProject,
  type ProjectPlace,
  type ProjectValues,
  removeProject,
  type StoredProject,
  updateProject,
} from '../metadata/projects.ts'
import { AddressList } from './address-list.ts'
import type { AccessChanges, Change, ChangeContext } from './changes.ts'
import { checkVersion } from './expected-version.ts'
import { type Page, placeAfter, readPage } from './page.ts'
import { type EffectiveSettings, effectiveSettings, quotaFault } from './project-settings.ts'
import { checkProjectName, levelsAbove, levelsOf } from './project-name.ts'

export type Project = {
  readonly name: string
  /** Name of the nearest project above; `''` is the instance, `undefined` only for the instance itself. */
  readonly parent: string | undefined
  readonly description: string
  readonly settings: EffectiveSettings
  readonly createdAt: string
  readonly updatedAt: string
  /** Counts every change of the project and of those above it, since what holds in it depends on them too. */
  readonly version: number
}

/** `null` means as the project above has it; what is left out stays. */
export type ProjectChange = {
  readonly description?: string | undefined
  readonly visibility?: Visibility | null | undefined
  readonly allowedAddresses?: readonly string[] | null | undefined
}

export type DefaultsChange = ProjectChange & {
  readonly quotaBytes?: number | null | undefined
  readonly quotaRepositories?: number | null | undefined
}

/** Who keeps count of what projects hold, when repositories come to belong to another one. */
export interface UsageBooks {
  /** Counts the project's usage anew from all that is below it. That of the projects above stays as it is. */
  moved(tx: Transaction, projectId: number): Promise<void>
}

/** Who has to know the names of all projects. Told in the transaction in which one comes or goes. */
interface ProjectIndex {
  addProject(tx: Transaction, name: string): Promise<void>
  removeProject(tx: Transaction, name: string): Promise<void>
}

/** Those who keep books of the projects. */
export type ProjectBooks = {
  readonly usage?: UsageBooks | undefined
  readonly index?: ProjectIndex | undefined
}

/** Who creates a project: allowed to in the project above, which is known in the transaction only. */
export type CreationContext = ChangeContext & {
  /** Throws `denied`. Absent for commands on the machine itself. */
  readonly checkParent?: (tx: Transaction, parent: string) => Promise<void>
}

/**
 * The tree of projects. A project is a beginning of repository names: `acme` covers the repositories `acme` and
 * `acme/...`, but those of a project further down, such as `acme/ml`. The root, named `''`, covers the rest.
 */
export class Projects {
  readonly #database: Database
  readonly #changes: AccessChanges
  readonly #books: ProjectBooks

  constructor(parts: { database: Database; changes: AccessChanges } & ProjectBooks) {
    this.#database = parts.database
    this.#changes = parts.changes
    this.#books = { usage: parts.usage, index: parts.index }
  }

  /**
   * Creates a project below the nearest one that exists, and gives it what lies below its name already. Throws
   * `requestInvalid`, `denied`, `alreadyExists`.
   */
  async createProject(
    context: CreationContext,
    input: { readonly name: string } & ProjectChange,
  ): Promise<Project> {
    checkProjectName(input.name)
    const settings = readSettings(input)
    return this.#changes.run(context, async (change) => {
      const project = await foundProject(change, this.#books, input.name, {
        settings,
        checkParent: context.checkParent,
      })
      return this.#describe(change.tx, project)
    })
  }

  /** Throws `notFound`. */
  async readProject(name: string): Promise<Project> {
    const project = name === '' ? undefined : await findProject(this.#database.read, name)
    if (!project) throw projectUnknown()
    return this.#describe(this.#database.read, project)
  }

  /**
   * Projects by name or moment of creation; those in `readable` only. `prefix` and `contains` are of the name, `parent`
   * names the project right above. Throws `requestInvalid` for a foreign `after`.
   */
  async listProjects(query: {
    readonly readable: 'all' | readonly number[]
    readonly limit: number
    readonly sort?: 'name' | 'createdAt'
    readonly order?: 'ascending' | 'descending' | undefined
    readonly after?: string | undefined
    readonly prefix?: string | undefined
    readonly contains?: string | undefined
    readonly parent?: string | undefined
    /** As set on the project itself, not inherited. */
    readonly visibility?: Visibility | undefined
  }): Promise<Page<Project>> {
    const { readable, limit, prefix, contains, visibility, sort = 'name' } = query
    const order = query.order ?? (sort === 'name' ? 'ascending' : 'descending')
    const after = readPlace(sort, query.after)
    const db = this.#database.read
    const parent = query.parent === undefined ? undefined : await findProject(db, query.parent)
    // Sub-projects of a missing project and of one with none look alike.
    if (query.parent !== undefined && !parent) return { items: [], next: null }
    const page = await readPage(
      limit,
      (count) =>
        listProjects(db, {
          limit: count,
          sort,
          order,
          after,
          prefix,
          contains,
          parentId: parent?.id,
          visibility,
          ids: readable === 'all' ? undefined : readable,
        }),
      (row) => (sort === 'name' ? row.name : writeCursor(row.createdAt, row.name)),
      (row) => row,
    )
    const levels = new Set(page.items.flatMap(({ name }) => levelsAbove(name)))
    const above = levels.size === 0 ? [] : await findProjects(db, [...levels])
    const byName = new Map([...above, ...page.items].map((project) => [project.name, project]))
    return { items: page.items.map((row) => toProject(row, byName)), next: page.next }
  }

  /** Throws `notFound`, `requestInvalid`, `versionMismatch`. */
  async updateProject(
    context: ChangeContext,
    name: string,
    change: ProjectChange,
    expectedVersion?: number,
  ): Promise<Project> {
    if (name === '') throw projectUnknown()
    return this.#update(context, name, readSettings(change), expectedVersion)
  }

  /** Removes a project with its members, robots and rules. Throws `notFound`, `versionMismatch`, and `conflict` while anything is in it. */
  async deleteProject(
    context: ChangeContext,
    name: string,
    expectedVersion?: number,
  ): Promise<void> {
    await this.#changes.run(context, async ({ tx, record }) => {
      const project = name === '' ? undefined : await lockProject(tx, name)
      if (!project) throw projectUnknown()
      checkVersion(await this.#describe(tx, project), expectedVersion)
      const { repositories, projects } = await countContents(tx, project.id)
      if (repositories > 0 || projects > 0) {
        throw new BerthError(
          'conflict',
          `The project holds ${count(repositories, 'repository', 'repositories')} and ${count(projects, 'project', 'projects')}. Delete them first.`,
          { details: [{ reason: 'projectNotEmpty', repositories, projects }] },
        )
      }
      await removeProject(tx, project.id)
      await this.#books.index?.removeProject(tx, name)
      await record({ ...event('project.deleted', name), before: settingsOf(project) })
    })
  }

  /** The root: what holds where no project says otherwise. */
  async readDefaults(): Promise<Project> {
    const root = await findProject(this.#database.read, '')
    if (!root) throw projectUnknown()
    return this.#describe(this.#database.read, root)
  }

  /** Throws `requestInvalid`, `versionMismatch`. */
  async updateDefaults(
    context: ChangeContext,
    change: DefaultsChange,
    expectedVersion?: number,
  ): Promise<Project> {
    const { quotaBytes, quotaRepositories } = change
    const fault = quotaFault({ quotaBytes, quotaRepositories })
    if (fault) throw fault
    const settings = {
      ...readSettings(change),
      ...(quotaBytes !== undefined && { quotaBytes }),
      ...(quotaRepositories !== undefined && { quotaRepositories }),
    }
    return this.#update(context, '', settings, expectedVersion)
  }

  #update(
    context: ChangeContext,
    name: string,
    settings: Partial<ProjectValues>,
    expectedVersion: number | undefined,
  ): Promise<Project> {
    return this.#changes.run(context, async ({ tx, now, record }) => {
      const project = await lockProject(tx, name)
      if (!project) throw projectUnknown()
      checkVersion(await this.#describe(tx, project), expectedVersion)
      const updated = await updateProject(tx, project.id, { ...settings, updatedAt: now })
      await record({
        ...event('project.updated', name),
        before: settingsOf(project),
        after: settingsOf(updated),
      })
      return this.#describe(tx, updated)
    })
  }

  async #describe(db: Executor, project: StoredProject): Promise<Project> {
    const chain = await findProjects(db, levelsOf(project.name))
    return toProject(project, new Map(chain.map((level) => [level.name, level])))
  }
}

/**
 * Creates a project inside a change that is under way and gives it what lies below its name. Throws `denied` by
 * `checkParent`, `alreadyExists`.
 */
export async function foundProject(
  { tx, now, record }: Change,
  books: ProjectBooks,
  name: string,
  options: {
    readonly settings?: Partial<ProjectValues>
    readonly checkParent?: CreationContext['checkParent']
  } = {},
): Promise<StoredProject> {
  const parent = (await findProjects(tx, levelsAbove(name))).at(-1)
  if (!parent) throw new Error('The root of the projects is missing.')
  await options.checkParent?.(tx, parent.name)
  const project = await insertProject(tx, {
    ...options.settings,
    name,
    parentId: parent.id,
    createdAt: now,
  })
  if (!project) {
    throw new BerthError('alreadyExists', `There is a project ${name} already.`, {
      details: [{ field: 'name', reason: 'projectExists' }],
    })
  }
  await adoptContents(tx, project)
  await books.index?.addProject(tx, name)
  await books.usage?.moved(tx, project.id)
  await record({ ...event('project.created', name), after: settingsOf(project) })
  return project
}

/** There is no project of this name, or not for this caller. */
export function projectUnknown(): BerthError {
  return new BerthError('notFound', 'There is no such project.')
}

function readPlace(
  sort: 'name' | 'createdAt',
  after: string | undefined,
): ProjectPlace | undefined {
  if (after === undefined) return undefined
  if (sort === 'name') return { name: placeAfter(after), createdAt: '' }
  const [createdAt = '', name = ''] = readCursor(after, 2)
  return { name: placeAfter(name), createdAt: placeAfter(createdAt) }
}

function readSettings(change: ProjectChange): Partial<ProjectValues> {
  const { description, visibility, allowedAddresses } = change
  return {
    ...(description !== undefined && { description }),
    ...(visibility !== undefined && { visibility }),
    ...(allowedAddresses !== undefined && {
      allowedAddresses: allowedAddresses && AddressList.parse(allowedAddresses).ranges,
    }),
  }
}

function toProject(project: StoredProject, byName: ReadonlyMap<string, StoredProject>): Project {
  const chain = levelsOf(project.name).flatMap((name) => byName.get(name) ?? [])
  const { name, description, createdAt, updatedAt } = project
  return {
    name,
    description,
    parent: chain.at(-2)?.name,
    settings: effectiveSettings(chain),
    createdAt,
    updatedAt,
    // No level of a chain is ever lost: one that has projects below cannot be deleted. So the sum only grows.
    version: chain.reduce((sum, level) => sum + level.version, 0),
  }
}

function settingsOf(project: StoredProject): ProjectValues {
  const { description, visibility, quotaBytes, quotaRepositories, allowedAddresses } = project
  return { description, visibility, quotaBytes, quotaRepositories, allowedAddresses }
}

function event(action: string, project: string) {
  return { action, targetKind: 'project', target: project, project }
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`
}
