import type { RepositoryName } from '@berth/oci/reference.ts'
import type { Actor, RequestContext } from '../actor.ts'
import { bumpAccessEpoch, holdAccessEpoch } from '../metadata/access-epoch.ts'
import { type AuditEvent, insertAuditEntry } from '../metadata/audit-entries.ts'
import type { Transaction } from '../metadata/database.ts'
import { upsertMember } from '../metadata/members.ts'
import { groupRolesOf, hasRepositoryBelow } from '../metadata/principals.ts'
import { findProjects, rootProjectId } from '../metadata/projects.ts'
import { findUserById } from '../metadata/users.ts'
import { greaterInstanceRole } from './authorize.ts'
import { mayFoundProjects, type ProjectsOnPush, projectToFound } from './founding.ts'
import { levelsOf } from './project-name.ts'
import { foundProject, type ProjectBooks } from './projects.ts'

/** Decides which project a new repository belongs to. */
export class Placement {
  readonly #projectsOnPush: ProjectsOnPush
  readonly #books: ProjectBooks
  readonly #now: () => number

  constructor(parts: { projectsOnPush: ProjectsOnPush; now: () => number } & ProjectBooks) {
    this.#projectsOnPush = parts.projectsOnPush
    this.#books = { usage: parts.usage, index: parts.index }
    this.#now = parts.now
  }

  /**
   * The id of the nearest project, for a repository that is about to be created in this transaction. Where only the root
   * covers a name of several components, a user who may (`access.projectsOnPush`) gets a project named by the first
   * component and is its admin. That the caller may push is for whoever calls this to make sure.
   */
  async placeRepository(
    tx: Transaction,
    context: RequestContext,
    repository: RepositoryName,
  ): Promise<number> {
    const name = projectToFound(repository)
    const creates =
      name !== undefined &&
      (await nearestProject(tx, repository)) === rootProjectId &&
      (await this.#mayCreate(tx, context.actor, name))
    // Whoever creates or deletes a project at the same moment sees the repository, or is seen here. Of two first pushes
    // at once the second waits, and finds the project of the first.
    await (creates ? bumpAccessEpoch(tx) : holdAccessEpoch(tx))
    const nearest = await nearestProject(tx, repository)
    if (!creates || nearest !== rootProjectId) return nearest
    return this.#foundProject(tx, context, name)
  }

  async #mayCreate(tx: Transaction, actor: Actor, name: string): Promise<boolean> {
    const user = actor.kind === 'user' ? await findUserById(tx, actor.id) : undefined
    if (!user || user.disabledAt !== null) return false
    const role = (await groupRolesOf(tx, user.id)).reduce(greaterInstanceRole, user.role)
    if (!mayFoundProjects(this.#projectsOnPush, role, actor)) return false
    // What others have put there without a project would become this user's to administer.
    return role === 'admin' || !(await hasRepositoryBelow(tx, name))
  }

  async #foundProject(tx: Transaction, context: RequestContext, name: string): Promise<number> {
    const now = new Date(this.#now()).toISOString()
    const record = (event: AuditEvent) => insertAuditEntry(tx, context, event, now)
    const project = await foundProject({ tx, now, record }, this.#books, name)
    await upsertMember(tx, {
      projectId: project.id,
      subject: { kind: 'user', id: context.actor.id },
      role: 'admin',
      createdAt: now,
    })
    await record({
      action: 'member.added',
      targetKind: 'member',
      target: `user ${context.actor.name}`,
      project: name,
      after: { role: 'admin' },
    })
    return project.id
  }
}

async function nearestProject(tx: Transaction, repository: RepositoryName): Promise<number> {
  return (await findProjects(tx, levelsOf(repository))).at(-1)?.id ?? rootProjectId
}
