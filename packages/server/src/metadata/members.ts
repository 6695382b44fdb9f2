import type { ProjectRole } from '../actor.ts'
import type { Executor, Transaction } from './database.ts'
import { namesFrom } from './name-range.ts'

export type SubjectKind = 'user' | 'group'

/** Whom an entry is about. */
export type Subject = { readonly kind: SubjectKind; readonly id: string }

export type StoredMember = {
  readonly kind: SubjectKind
  readonly name: string
  readonly role: ProjectRole
  /** Name of the project that the entry stands in. */
  readonly project: string
  readonly createdAt: string
}

/**
 * The entries of these projects for one kind of subject, by the subject's name and then from the root down, after
 * `after`. Entries of the same name lie together.
 */
export async function listMembers(
  db: Executor,
  projectIds: readonly number[],
  kind: SubjectKind,
  query: {
    readonly limit: number
    readonly after: { readonly name: string; readonly project: string }
    readonly prefix?: string | undefined
    readonly role?: ProjectRole | undefined
  },
): Promise<StoredMember[]> {
  const { prefix, role, after } = query
  const range = prefix === undefined || prefix === '' ? undefined : namesFrom(prefix)
  const rows = await db
    .selectFrom('members')
    .innerJoin(
      (eb) =>
        kind === 'user'
          ? eb.selectFrom('users').select(['id', 'name']).as('subjects')
          : eb.selectFrom('groups').select(['id', 'name']).as('subjects'),
      (join) => join.onRef('subjects.id', '=', 'members.subject_id'),
    )
    .innerJoin('projects', 'projects.id', 'members.project_id')
    .select([
      'subjects.name as name',
      'members.role as role',
      'projects.name as project',
      'members.created_at as createdAt',
    ])
    .where('members.project_id', 'in', projectIds)
    .where('members.subject_kind', '=', kind)
    .where(({ eb, or, and }) =>
      or([
        eb('subjects.name', '>', after.name),
        and([eb('subjects.name', '=', after.name), eb('projects.name', '>', after.project)]),
      ]),
    )
    .$if(range !== undefined, (select) =>
      select
        .where('subjects.name', '>=', range?.from ?? '')
        .where('subjects.name', '<', range?.before ?? ''),
    )
    .$if(role !== undefined, (select) => select.where('members.role', '=', role ?? 'none'))
    .orderBy('subjects.name')
    .orderBy('projects.name')
    .limit(query.limit)
    .execute()
  return rows.map((row) => ({ kind, ...row }))
}

/** The role that the subject's own entry in the project says; `undefined` without an entry. */
export async function findMember(
  db: Executor,
  projectId: number,
  subject: Subject,
): Promise<{ role: ProjectRole; createdAt: string } | undefined> {
  return db
    .selectFrom('members')
    .select(['role', 'created_at as createdAt'])
    .where('subject_kind', '=', subject.kind)
    .where('subject_id', '=', subject.id)
    .where('project_id', '=', projectId)
    .executeTakeFirst()
}

/** Adds the entry or changes its role. */
export async function upsertMember(
  tx: Transaction,
  member: { projectId: number; subject: Subject; role: ProjectRole; createdAt: string },
): Promise<void> {
  await tx
    .insertInto('members')
    .values({
      project_id: member.projectId,
      subject_kind: member.subject.kind,
      subject_id: member.subject.id,
      role: member.role,
      created_at: member.createdAt,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['subject_kind', 'subject_id', 'project_id'])
        .doUpdateSet({ role: member.role }),
    )
    .execute()
}

export async function removeMember(
  tx: Transaction,
  projectId: number,
  subject: Subject,
): Promise<void> {
  await tx
    .deleteFrom('members')
    .where('subject_kind', '=', subject.kind)
    .where('subject_id', '=', subject.id)
    .where('project_id', '=', projectId)
    .execute()
}

/** The user's own entries and those of the user's groups in all projects, by project; not those that take a role away. */
export function listEntriesOfUser(
  db: Executor,
  userId: string,
  limit: number,
): Promise<{ project: string; group: string | null; role: ProjectRole }[]> {
  return entriesOf(db, userId)
    .innerJoin('projects', 'projects.id', 'members.project_id')
    .select(['projects.name as project', 'groups.name as group', 'members.role as role'])
    .where('members.role', '!=', 'none')
    .orderBy('projects.name')
    .orderBy('members.subject_kind')
    .orderBy('groups.name')
    .limit(limit)
    .execute()
}

/** What the user's own entries and those of the user's groups say in these projects. */
export function listEntriesFor(
  db: Executor,
  projectIds: readonly number[],
  userId: string,
): Promise<{ projectId: number; group: string | null; role: ProjectRole }[]> {
  return entriesOf(db, userId)
    .select(['members.project_id as projectId', 'groups.name as group', 'members.role as role'])
    .where('members.project_id', 'in', projectIds)
    .execute()
}

function entriesOf(db: Executor, userId: string) {
  return db
    .selectFrom('members')
    .leftJoin('groups', (join) =>
      join.onRef('groups.id', '=', 'members.subject_id').on('members.subject_kind', '=', 'group'),
    )
    .where(({ eb, or, and }) =>
      or([
        and([eb('members.subject_kind', '=', 'user'), eb('members.subject_id', '=', userId)]),
        and([
          eb('members.subject_kind', '=', 'group'),
          eb('members.subject_id', 'in', (inner) =>
            inner.selectFrom('group_members').select('group_id').where('user_id', '=', userId),
          ),
        ]),
      ]),
    )
}
