import type { ConfigSources } from '../config/load.ts'
import type { Clock } from '../registry/grace.ts'
import { openMemory } from '../storage/memory.ts'
import { ask, basic, readJson, RegistryClient } from './http-client.ts'
import type { testDatabases } from './open-test-databases.ts'
import { openTestServer, type TestServer } from './open-test-server.ts'

export type TestNodes = {
  /** One on SQLite, two on PostgreSQL. */
  readonly nodes: readonly TestServer[]
  readonly first: TestServer
  /** The registry protocol at the first node as the administrator. */
  readonly registry: RegistryClient
  /** One call of the management API at the first node; as the administrator unless `headers` say otherwise. Throws unless it succeeds. */
  manage<T>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<T>
  close(): Promise<void>
}

/** Servers that share one database and one store, as behind a load balancer; they believe `X-Forwarded-For`. */
export async function openTestNodes(
  engine: (typeof testDatabases)[number],
  overrides: NonNullable<ConfigSources['overrides']> = {},
  parts: { clock?: Clock } = {},
): Promise<TestNodes> {
  const place = await engine.reserve()
  const storage = openMemory()
  const nodes: TestServer[] = []
  const close = async () => {
    for (const node of nodes) await node.close()
    await place.remove()
  }
  try {
    for (let count = place.metadata.kind === 'sqlite' ? 1 : 2; count > 0; count -= 1) {
      const more = {
        ...overrides,
        metadata: place.metadata,
        http: { trustedProxies: ['127.0.0.1'], ...overrides.http },
      }
      nodes.push(await openTestServer(more, { storage, ...parts }))
    }
  } catch (error) {
    await close()
    throw error
  }
  const [first] = nodes as [TestServer]
  const administrator = { authorization: basic(first.admin.name, first.admin.password) }
  return {
    nodes,
    first,
    registry: new RegistryClient(first.url, first.admin),
    async manage<T>(
      method: string,
      path: string,
      body?: unknown,
      headers: Record<string, string> = administrator,
    ) {
      const answer = await ask(first.url, {
        method,
        path: `/api/v1${path}`,
        headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      if (answer.status >= 300) {
        throw new Error(`${method} ${path}: ${answer.status} ${answer.body.toString()}`)
      }
      return answer.body.length === 0 ? (undefined as T) : readJson<T>(answer)
    },
    close,
  }
}
