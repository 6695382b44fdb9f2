import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Actor } from '../actor.ts'
import type { Caller } from '../access/caller.ts'
import { IdempotencyKeys } from '../access/idempotency-keys.ts'
import { RefusalLog } from '../audit/refusals.ts'
import { BerthError } from '../errors.ts'
import { Exchange } from '../http/exchange.ts'
import type { Binding } from '../http/management/call.ts'
import type { ManagementDoor } from '../http/management/door.ts'
import { RequestAudit } from '../http/request-audit.ts'
import { openManagement } from '../http/management/server.ts'
import type { Database } from '../metadata/database.ts'

/** As the real listener: a client on a busy machine must not find its idle connection closed. */
const limits = { maxHeaderSize: 32 * 1024, keepAliveTimeout: 150_000 }

/** What a test caller may do; everything by default. */
export type TestCallerOptions = {
  actor?: Actor
  address?: string
  credentials?: Caller['credentials']
  sessionId?: string
  may?: Caller['may']
  mayProject?: Caller['mayProject']
  mayInstance?: Caller['mayInstance']
  readableProjects?: Caller['readableProjects']
}

/** A caller whose permissions the test states. Inside a transaction it answers the same. */
export function testCaller(options: TestCallerOptions = {}): Caller {
  const may = options.may ?? (() => Promise.resolve(true))
  const mayProject = options.mayProject ?? (() => Promise.resolve(true))
  const mayInstance = options.mayInstance ?? (() => true)
  const require = (allowed: boolean) => {
    if (!allowed) throw new BerthError('denied', 'The test caller may not do this.')
  }
  return {
    actor: options.actor ?? { kind: 'user', id: 'test-user', name: 'tester' },
    address: options.address ?? '127.0.0.1',
    credentials: options.credentials ?? 'password',
    isPersonal: !['none', 'token', 'key'].includes(options.credentials ?? 'password'),
    sessionId: options.sessionId,
    may,
    mayProject,
    mayInstance,
    couldWithToken: async () => false,
    require: async (_tx, action, repository) => require(await may(action, repository)),
    requireProject: async (_tx, action, project) => require(await mayProject(action, project)),
    requireInstance: async (_tx, action) => require(mayInstance(action)),
    requireSelf: () => Promise.resolve(),
    readableProjects: options.readableProjects ?? (() => Promise.resolve('all')),
  }
}

/** A caller without credentials, who may do nothing. */
export function anonymousCaller(): Caller {
  return testCaller({
    actor: { kind: 'anonymous', id: 'anonymous', name: 'anonymous' },
    credentials: 'none',
    may: () => Promise.resolve(false),
    mayProject: () => Promise.resolve(false),
    mayInstance: () => false,
  })
}

export type TestManagement = {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  /** Requests from now on come from this caller; a function decides for each, and may throw. */
  setCaller(caller: Caller | ((exchange: Exchange) => Promise<Caller>)): void
  /** Sends JSON to a path below `/api/v1`; the body of the answer is parsed, `undefined` when there is none. */
  send(
    method: string,
    path: string,
    more?: { body?: unknown; headers?: Record<string, string> },
  ): Promise<{ status: number; headers: Headers; body: unknown }>
  /** The unexpected errors behind answers with status 500, the latest last. */
  readonly failures: unknown[]
  close(): Promise<void>
}

/**
 * The management API with these routes, on a port of its own. `door` holds only the services that the routes use; the database
 * keeps idempotency keys. The only CSRF token is `csrf-of-<session id>`.
 */
export async function openTestManagement(parts: {
  bindings: readonly Binding[]
  database: Database
  door?: Partial<ManagementDoor>
  caller?: Caller
  now?: () => number
}): Promise<TestManagement> {
  let caller: Caller | ((exchange: Exchange) => Promise<Caller>) = parts.caller ?? testCaller()
  const failures: unknown[] = []
  const audit = new RequestAudit({
    log: new RefusalLog({ database: parts.database, now: Date.now }),
    pulls: false,
  })
  const management = await openManagement({
    bindings: parts.bindings,
    door: { requestAudit: audit, ...parts.door } as ManagementDoor,
    authenticate: async (exchange) => (typeof caller === 'function' ? caller(exchange) : caller),
    forwarding: {
      externalOrigin: ({ host = '' }) => ({ protocol: 'http', host, prefix: '' }),
    },
    checkCsrf: (sessionId, token) => token === `csrf-of-${sessionId}`,
    audit,
    idempotencyKeys: new IdempotencyKeys({
      database: parts.database,
      now: parts.now ?? Date.now,
    }),
  })
  const serve = (request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean) => {
    const id = randomBytes(4).toString('hex')
    const exchange = new Exchange(request, response, id, awaitsContinue)
    response.once('close', () => {
      if (exchange.failure !== undefined) failures.push(exchange.failure)
    })
    void management.serve(exchange, request.url ?? '/')
  }
  const server = createServer(limits, (request, response) => serve(request, response, false))
  server.on('checkContinue', (request, response) => serve(request, response, true))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port was assigned')
  const url = `http://127.0.0.1:${address.port}`
  return {
    url,
    failures,
    setCaller(next) {
      caller = next
    },
    async send(method, path, { body, headers } = {}) {
      const answer = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: {
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const text = await answer.text()
      const isJson = answer.headers.get('content-type')?.includes('json') === true
      return {
        status: answer.status,
        headers: answer.headers,
        body: text === '' ? undefined : isJson ? (JSON.parse(text) as unknown) : text,
      }
    },
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}
