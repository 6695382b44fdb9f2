import { AccessChanges } from '../access/changes.ts'
import { Groups } from '../access/groups.ts'
import { Members } from '../access/members.ts'
import { Passwords } from '../access/passwords.ts'
import type { ProjectsOnPush } from '../access/founding.ts'
import { Placement } from '../access/placement.ts'
import { Projects, type UsageBooks } from '../access/projects.ts'
import { Users } from '../access/users.ts'
import type { Database } from '../metadata/database.ts'

export type TestPeople = {
  users: Users
  groups: Groups
  projects: Projects
  members: Members
  placement: Placement
  /** What the audit log holds, in order, without what a test cannot know beforehand. */
  audit(): Promise<
    { action: string; target: string; actor: string; before: unknown; after: unknown }[]
  >
  /** Counts up with every change of who may do what. */
  epoch(): Promise<number>
}

type PeopleOptions = {
  now?: () => number
  projectsOnPush?: ProjectsOnPush
  usage?: UsageBooks
}

/** The services for people and projects on a database, which is emptied of what they keep. */
export async function openTestPeople(
  database: Database,
  options: PeopleOptions = {},
): Promise<TestPeople> {
  await database.transaction(async (tx) => {
    await tx.deleteFrom('repositories').execute()
    await tx.deleteFrom('members').execute()
    await tx.updateTable('projects').set({ parent_id: null }).execute()
    await tx.deleteFrom('projects').where('id', '!=', 1).execute()
    await tx
      .updateTable('projects')
      .set({ visibility: null, quota_bytes: null, quota_repositories: null })
      .set({ allowed_addresses: null, version: 1 })
      .execute()
    await tx.deleteFrom('groups').execute()
    await tx.deleteFrom('users').execute()
    await tx.deleteFrom('audit_entries').execute()
  })
  return peopleOf(database, options)
}

/** The same on what the database holds. */
export function peopleOf(database: Database, options: PeopleOptions = {}): TestPeople {
  const { now = Date.now, projectsOnPush = 'admins', usage } = options
  const changes = new AccessChanges(database, now)
  return {
    users: new Users({ database, passwords: new Passwords(), changes, now }),
    groups: new Groups({ database, changes }),
    projects: new Projects({ database, changes, usage }),
    members: new Members({ database, changes }),
    placement: new Placement({ projectsOnPush, usage, now }),
    async audit() {
      const rows = await database.read
        .selectFrom('audit_entries')
        .select(['action', 'target', 'actor_name as actor', 'before', 'after'])
        .orderBy('id')
        .execute()
      return rows.map((row) => ({ ...row, before: parse(row.before), after: parse(row.after) }))
    },
    async epoch() {
      const row = await database.read
        .selectFrom('access_epoch')
        .select('value')
        .executeTakeFirstOrThrow()
      return row.value
    },
  }
}

function parse(json: string | null): unknown {
  return json === null ? undefined : (JSON.parse(json) as unknown)
}
