import { join } from 'node:path'
import { databaseFile } from './load-store.ts'
import type { Transaction } from '../packages/server/src/metadata/database.ts'
import { openSqlite } from '../packages/server/src/metadata/sqlite.ts'

export type AccessShape = { projects: number; members: number; groups: number; users: number }

const rowsPerStatement = 500

/**
 * Fills a data directory that no server has open with projects, users, groups and members. `reader` names a user and a
 * project that are there already: the user joins ten of the groups, of which the last may pull from the project.
 */
export async function loadAccess(
  dataDirectory: string,
  shape: AccessShape,
  reader: { name: string; project: string },
): Promise<void> {
  const database = await openSqlite({ file: databaseFile(dataDirectory) })
  const now = new Date().toISOString()
  const version = 1
  try {
    await database.relaxedTransaction(async (tx) => {
      const insert = async (
        table: 'projects' | 'users' | 'groups' | 'group_members' | 'members',
        count: number,
        row: (number: number) => object,
      ) => {
        for (let start = 0; start < count; start += rowsPerStatement) {
          const size = Math.min(rowsPerStatement, count - start)
          const rows = Array.from({ length: size }, (_, offset) => row(start + offset))
          await tx
            .insertInto(table)
            .values(rows as never)
            .execute()
        }
      }
      await insert('projects', shape.projects, (number) => ({
        name: `project-${number}`,
        parent_id: 1,
        created_at: now,
        updated_at: now,
        version,
      }))
      await insert('users', shape.users, (number) => ({
        id: `user-${number}`,
        name: `user-${number}`,
        password_hash: '',
        role: 'none',
        created_at: now,
      }))
      await insert('groups', shape.groups, (number) => ({
        id: `group-${number}`,
        name: `group-${number}`,
        source: 'local',
        role: 'none',
        created_at: now,
        version,
      }))
      await insert('group_members', shape.groups * 10, (number) => ({
        group_id: `group-${number % shape.groups}`,
        user_id: `user-${((number % shape.groups) + Math.floor(number / shape.groups)) % shape.users}`,
        created_at: now,
      }))
      const first = await projectNamed(tx, 'project-0')
      const perProject = Math.ceil(shape.members / shape.projects)
      await insert('members', shape.members, (number) => ({
        project_id: first + Math.floor(number / perProject),
        subject_kind: number % 10 === 0 ? 'group' : 'user',
        subject_id:
          number % 10 === 0
            ? `group-${(number / 10) % shape.groups}`
            : `user-${number % shape.users}`,
        role: 'developer',
        created_at: now,
      }))
      await addReader(tx, reader.name, shape.groups, await projectNamed(tx, reader.project), now)
    })
  } finally {
    await database.close()
  }
}

async function projectNamed(tx: Transaction, name: string): Promise<number> {
  const row = await tx
    .selectFrom('projects')
    .select('id')
    .where('name', '=', name)
    .executeTakeFirstOrThrow()
  return row.id
}

/** The user exists already: a password is hashed by the server. */
async function addReader(
  tx: Transaction,
  name: string,
  groups: number,
  project: number,
  now: string,
): Promise<void> {
  const user = await tx
    .selectFrom('users')
    .select('id')
    .where('name', '=', name)
    .executeTakeFirstOrThrow()
  const mine = Array.from({ length: Math.min(10, groups) }, (_, number) => `group-${number}`)
  for (const group of mine) {
    await tx
      .insertInto('group_members')
      .values({ group_id: group, user_id: user.id, created_at: now })
      .execute()
  }
  await tx
    .insertInto('members')
    .values({
      project_id: project,
      subject_kind: 'group',
      subject_id: mine.at(-1) ?? '',
      role: 'reader',
      created_at: now,
    })
    .execute()
  await tx.updateTable('access_epoch').set({ value: 1_000_000 }).execute()
}

export function dataDirectoryOf(directory: string): string {
  return join(directory, 'data')
}
