import type { ProjectRole } from '../actor.ts'
import { BerthError } from '../errors.ts'
import type { Database, Executor, Transaction } from '../metadata/database.ts'
import { findGroupByName, listGroupsOfUser } from '../metadata/groups.ts'
import {
  findMember,
  listEntriesOfUser,
  listMembers,
  removeMember,
  type StoredMember,
  type Subject,
  type SubjectKind,
  upsertMember,
} from '../metadata/members.ts'
import { findProject, findProjects, lockProject, type StoredProject } from '../metadata/projects.ts'
import { findUserByName } from '../metadata/users.ts'
import type { AccessChanges, ChangeContext } from './changes.ts'
import { type Explanation, explainRole } from './explain-role.ts'
import { notNext, type Page, placeAfter, readPage } from './page.ts'
import { levelsOf } from './project-name.ts'
import { projectUnknown } from './projects.ts'

const membershipsMax = 1000

/** One entry: which role a user or a group has in a project. */
export type Member = StoredMember

/** Whom an entry is about, as people name them. */
export type NamedSubject = { readonly kind: SubjectKind; readonly name: string }

/** Who has which role in which project. Every change is in force at the next request. */
export class Members {
  readonly #database: Database
  readonly #changes: AccessChanges

  constructor(parts: { database: Database; changes: AccessChanges }) {
    this.#database = parts.database
    this.#changes = parts.changes
  }

  /** What a user is a member of: groups, and projects with the role there. 1000 of each at most. */
  async membershipsOf(userId: string) {
    const db = this.#database.read
    const groups = await listGroupsOfUser(db, userId, membershipsMax + 1)
    const entries = await listEntriesOfUser(db, userId, membershipsMax + 1)
    return {
      groups: groups.slice(0, membershipsMax),
      projects: entries.slice(0, membershipsMax),
      isTruncated: Math.max(groups.length, entries.length) > membershipsMax,
    }
  }

  /**
   * The entries of a project: groups by name, then users. With `inherited` also those of the projects above, which hold
   * for whom no nearer entry says otherwise. Throws `notFound`, and `requestInvalid` for an `after` that no page gave.
   */
  async listMembers(
    project: string,
    query: {
      readonly limit: number
      readonly after?: string | undefined
      readonly kind?: SubjectKind | undefined
      readonly prefix?: string | undefined
      readonly role?: ProjectRole | undefined
      readonly inherited?: boolean | undefined
    },
  ): Promise<Page<Member>> {
    const db = this.#database.read
    const own = await existingProject(db, project)
    const levels = query.inherited ? await findProjects(db, levelsOf(project)) : [own]
    const ids = levels.map(({ id }) => id)
    const after = readPlace(query.after)
    const kinds = (['group', 'user'] as const).filter(
      (kind) => (query.kind ?? kind) === kind && kind >= after.kind,
    )
    const { prefix, role } = query
    const read = async (limit: number) => {
      const rows: StoredMember[] = []
      for (const kind of kinds) {
        const from = kind === after.kind ? after : { name: '', project: '' }
        const rest = limit - rows.length
        if (rest > 0) {
          rows.push(
            ...(await listMembers(db, ids, kind, { limit: rest, after: from, prefix, role })),
          )
        }
      }
      return rows
    }
    return readPage(
      query.limit,
      read,
      (row) => `${row.kind}:${row.name}:${row.project}`,
      (row) => row,
    )
  }

  /**
   * Gives the user or group of this name the role in the project, whether or not they had one. Throws `notFound` without
   * the project, `requestInvalid` (reason `subjectUnknown`) without the subject.
   */
  async setMember(
    context: ChangeContext,
    project: string,
    subject: NamedSubject,
    role: ProjectRole,
  ): Promise<{ member: Member; isNew: boolean }> {
    return this.#changes.run(context, async ({ tx, now, record }) => {
      const { id: projectId } = await lockExistingProject(tx, project)
      const found = await findSubject(tx, subject)
      if (!found) throw subjectUnknown(subject)
      const before = await findMember(tx, projectId, found)
      await upsertMember(tx, { projectId, subject: found, role, createdAt: now })
      await record({
        ...event(before ? 'member.changed' : 'member.added', project, subject),
        before: before && { role: before.role },
        after: { role },
      })
      const createdAt = before?.createdAt ?? now
      return { member: { ...subject, role, project, createdAt }, isNew: before === undefined }
    })
  }

  /** Removes the entry; an inherited role then holds again. Throws `notFound` when there is none in this very project. */
  async removeMember(
    context: ChangeContext,
    project: string,
    subject: NamedSubject,
  ): Promise<void> {
    await this.#changes.run(context, async ({ tx, record }) => {
      const { id: projectId } = await lockExistingProject(tx, project)
      const found = await findSubject(tx, subject)
      const before = found && (await findMember(tx, projectId, found))
      if (!before) throw new BerthError('notFound', 'The project has no such member.')
      await removeMember(tx, projectId, found)
      await record({
        ...event('member.removed', project, subject),
        before: { role: before.role },
      })
    })
  }

  /** The role that a user has in a project after all, and why. Throws `notFound` without the project or the user. */
  async explainAccess(project: string, userName: string): Promise<Explanation> {
    const db = this.#database.read
    await existingProject(db, project)
    const user = await findUserByName(db, userName)
    if (!user) throw new BerthError('notFound', 'There is no such user.')
    return explainRole(db, await findProjects(db, levelsOf(project)), user)
  }
}

async function existingProject(db: Executor, name: string): Promise<StoredProject> {
  const project = name === '' ? undefined : await findProject(db, name)
  if (!project) throw projectUnknown()
  return project
}

/** Locked, so that nobody deletes it meanwhile. */
async function lockExistingProject(tx: Transaction, name: string): Promise<StoredProject> {
  const project = name === '' ? undefined : await lockProject(tx, name)
  if (!project) throw projectUnknown()
  return project
}

async function findSubject(db: Executor, subject: NamedSubject): Promise<Subject | undefined> {
  const { kind, name } = subject
  const found = await (kind === 'user' ? findUserByName(db, name) : findGroupByName(db, name))
  return found && { kind, id: found.id }
}

/** By whom the members of a project may be named, they may also learn that there is no such name. */
function subjectUnknown({ kind, name }: NamedSubject): BerthError {
  return new BerthError(
    'requestInvalid',
    `There is no ${kind} ${JSON.stringify(name.slice(0, 64))}. Give the whole name of a ${kind} that exists.`,
    { details: [{ field: 'subject', rule: 'exists', reason: 'subjectUnknown' }] },
  )
}

const place = /^(?<kind>user|group):(?<name>[^:]*):(?<project>[^:]*)$/

/** Where a page begins, as `next` of the page before says. */
function readPlace(after: string | undefined): { kind: string; name: string; project: string } {
  if (after === undefined) return { kind: '', name: '', project: '' }
  const { kind = '', name = '', project = '' } = place.exec(placeAfter(after))?.groups ?? {}
  if (kind !== '') return { kind, name, project }
  throw notNext()
}

function event(action: string, project: string, { kind, name }: NamedSubject) {
  return { action, targetKind: 'member', target: `${kind} ${name}`, project }
}
