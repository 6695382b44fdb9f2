import { ApiKeys } from '../access/api-keys.ts'
import { AccessChanges } from '../access/changes.ts'
import { Robots } from '../access/robots.ts'
import { Workloads } from '../access/workloads.ts'
import type { Binding } from '../http/management/call.ts'
import type { Database } from '../metadata/database.ts'
import { openTestManagement, type TestManagement } from './open-test-management.ts'

/** When everything happens. */
export const at = '2030-01-01T00:00:00.000Z'
/** The only issuer that rules can be made for. */
export const ciIssuer = 'https://ci.example'

// oxlint-disable-next-line typescript/no-explicit-any -- the bodies are compared, not used
type Answer = { status: number; headers: Headers; body: any }

export type TestMachines = {
  readonly api: TestManagement
  send(
    method: string,
    path: string,
    more?: { body?: unknown; headers?: Record<string, string> },
  ): Promise<Answer>
}

/** These routes of machines on a database with the projects `acme`, `acme/ml` and `other` and the users `alice` and `bob`. */
export async function openTestMachines(
  database: Database,
  bindings: readonly Binding[],
): Promise<TestMachines> {
  await database.transaction(async (tx) => {
    for (const name of ['acme', 'acme/ml', 'other']) {
      const project = { name, parent_id: 1, created_at: at, updated_at: at, version: 1 }
      await tx.insertInto('projects').values(project).execute()
    }
    for (const name of ['alice', 'bob']) {
      const user = { id: `id-${name}`, name, password_hash: '', role: 'reader' as const }
      await tx
        .insertInto('users')
        .values({ ...user, disabled_at: null, created_at: at })
        .execute()
    }
  })
  const now = () => Date.parse(at)
  const changes = new AccessChanges(database, now)
  const api = await openTestManagement({
    bindings,
    database,
    door: {
      robots: new Robots({ database, changes, options: {}, now }),
      apiKeys: new ApiKeys({ database, changes, now }),
      workloads: new Workloads({ database, changes, issuers: [ciIssuer] }),
    },
    now,
  })
  return { api, send: (method, path, more = {}) => api.send(method, path, more) }
}
