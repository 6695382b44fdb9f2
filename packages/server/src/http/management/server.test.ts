import { Readable } from 'node:stream'
import { pageOf, pageQuery } from '@berth/api/page.ts'
import { problemSchema } from '@berth/api/problem.ts'
import { defineRoute } from '@berth/api/route.ts'
import * as fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { BerthError } from '../../errors.ts'
import { ask, exchangeBytes } from '../../testing/http-client.ts'
import { type TestDatabase, testDatabases } from '../../testing/open-test-databases.ts'
import {
  anonymousCaller,
  openTestManagement,
  testCaller,
  type TestManagement,
} from '../../testing/open-test-management.ts'
import { bind } from './call.ts'

const none = z.strictObject({})
const named = z.strictObject({ project: z.string().max(100) })
const note = z.strictObject({ text: z.string(), version: z.number() })

const readNote = defineRoute({
  id: 'readNote',
  method: 'GET',
  path: '/projects/{project}/note',
  topic: 'Notes',
  summary: 'Reads the note.',
  params: named,
  query: none,
  body: undefined,
  status: 200,
  answer: note,
  problems: ['notFound'],
  versioned: true,
})
const writeNote = defineRoute({
  ...readNote,
  id: 'writeNote',
  method: 'PUT',
  body: z.strictObject({
    text: z.string().min(1).max(20),
    tags: z
      .array(z.string().regex(/^[a-z]+$/))
      .max(3)
      .optional(),
  }),
})
const addNote = defineRoute({
  ...readNote,
  id: 'addNote',
  method: 'POST',
  path: '/notes',
  params: none,
  body: z.strictObject({ text: z.string() }),
  status: 201,
  versioned: false,
})
const addSecret = defineRoute({
  ...addNote,
  id: 'addSecret',
  path: '/secrets',
  secret: true,
})
const listNotes = defineRoute({
  ...readNote,
  id: 'listNotes',
  path: '/notes',
  params: none,
  query: z.strictObject({ ...pageQuery, kind: z.array(z.enum(['a', 'b'])).optional() }),
  answer: pageOf(z.string()),
  versioned: false,
  open: true,
})
const fail = defineRoute({
  ...addNote,
  id: 'fail',
  path: '/fail/{how}',
  params: z.strictObject({ how: z.string() }),
  body: undefined,
})
const exportNotes = defineRoute({
  ...readNote,
  id: 'exportNotes',
  path: '/export',
  params: none,
  answer: undefined,
  streams: ['text/csv'],
  versioned: false,
})
const removeNote = defineRoute({
  ...readNote,
  id: 'removeNote',
  method: 'DELETE',
  status: 204,
  answer: undefined,
})
const readRepository = defineRoute({
  ...readNote,
  id: 'readRepository',
  path: '/repositories/{repository}',
  params: z.strictObject({ repository: z.string() }),
  answer: none,
  versioned: false,
})

let written = 0
let lastIfMatch: number | undefined
const bindings = [
  bind(readNote, { on: 'project', action: 'readProject' }, async (_door, { params }) => ({
    body: { text: params.project, version: 3 },
    version: 3,
  })),
  bind(writeNote, { on: 'project', action: 'updateProject' }, async (_door, { ifMatch, body }) => {
    lastIfMatch = ifMatch
    if (ifMatch !== undefined && ifMatch !== 3) throw new BerthError('versionMismatch', 'Changed.')
    return { body: { text: body.text, version: 4 }, version: 4 }
  }),
  bind(removeNote, { on: 'project', action: 'updateProject' }, async () => ({ body: undefined })),
  bind(addNote, { on: 'instance', action: 'manageSystem' }, async (_door, { body }) => {
    written += 1
    if (body.text === 'refuse') throw new BerthError('conflict', 'No.')
    return {
      body: { text: `${body.text} ${written}`, version: written },
      location: `/notes/${written}`,
      headers: ['Set-Cookie', 'a=b'],
    }
  }),
  bind(addSecret, { on: 'caller' }, async () => {
    written += 1
    return { body: { text: 'berth_key_hidden', version: 1 } }
  }),
  bind(listNotes, { on: 'anyone' }, async (_door, { query }) => ({
    body: { items: [String(query.limit), ...(query.kind ?? [])], next: null },
  })),
  bind(fail, { on: 'caller' }, async (_door, { params }) => {
    if (params.how === 'answer') return { body: { text: 'x', version: 1, password: 'y' } } as never
    if (params.how === 'limit') {
      throw new BerthError('rateLimited', 'Slow.', { details: [{ retryAfterSeconds: 6.5 }] })
    }
    if (params.how === 'unavailable') throw new BerthError('unavailable', 'Away.')
    throw new Error('the hidden reason')
  }),
  bind(exportNotes, { on: 'anyone' }, async () => ({
    body: undefined,
    stream: {
      mediaType: 'text/csv',
      content: Readable.from(['a,b\n', 'c,d\n']),
      fileName: 'no"tes.csv',
    },
  })),
  bind(readRepository, { on: 'repository', action: 'pull' }, async () => ({ body: {} })),
]

let test: TestDatabase
let api: TestManagement
let now = Date.UTC(2030, 0, 1)

const engine = testDatabases[0]!
beforeAll(async () => {
  test = await engine.open()
  api = await openTestManagement({ bindings, database: test.database, now: () => now })
})
afterAll(async () => {
  await api.close()
  await test.close()
})
beforeEach(() => {
  api.setCaller(testCaller())
  written = 0
})
afterEach(async () => {
  await test.database.transaction((tx) => tx.deleteFrom('idempotency_keys').execute())
})

/** The kind of a refusal, once its shape is checked. */
function kindOf(answer: { status: number; headers: Headers; body: unknown }): string {
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  const problem = problemSchema.parse(answer.body)
  expect(problem.status).toBe(answer.status)
  return problem.type.replace('urn:berth:problem:', '')
}
const faultsIn = (body: unknown) =>
  (problemSchema.parse(body).errors ?? []).map(
    ({ in: part, path, rule }) => `${part} ${path} ${rule}`,
  )

describe('routing', () => {
  it('decodes a path parameter once, slashes included', async () => {
    const cases = [
      ['acme%2Fml', 'acme/ml'],
      ['a%252Fb', 'a%2Fb'],
      ['%E2%82%AC', '€'],
      ['a+b', 'a+b'],
    ]
    for (const [sent, read] of cases) {
      const { body } = await api.send('GET', `/projects/${sent}/note`)
      expect(body).toEqual({ text: read, version: 3 })
    }
  })

  it('gives each project name back that is sent as one segment', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }), async (name) => {
        fc.pre(name.isWellFormed() && name !== '.' && name !== '..')
        const { body } = await api.send('GET', `/projects/${encodeURIComponent(name)}/note`)
        expect(body).toEqual({ text: name, version: 3 })
      }),
      { numRuns: 100 },
    )
  })

  it('refuses escapes that are none', async () => {
    for (const bad of ['%', '%zz', '%ff', '%c3%28']) {
      const answer = await ask(api.url, { path: `/api/v1/projects/${bad}/note` })
      expect(answer.status).toBe(400)
      expect(answer.headers['content-type']).toBe('application/problem+json')
    }
  })

  it('answers unknown paths with 404 and unknown methods with 405 and Allow', async () => {
    for (const path of ['/nope', '/projects/a/note/', '/projects/a/b/note', '//notes', '/Notes']) {
      const answer = await api.send('GET', path)
      expect([answer.status, kindOf(answer)]).toEqual([404, 'notFound'])
    }
    const wrong = await api.send('PATCH', '/projects/a%2Fb/note', { body: {} })
    expect([wrong.status, kindOf(wrong)]).toEqual([405, 'unsupported'])
    expect(wrong.headers.get('allow')).toBe('DELETE, GET, HEAD, PUT')
    for (const method of ['OPTIONS', 'PROPFIND', 'TRACE']) {
      const answer = await ask(api.url, { method, path: '/api/v1/notes' })
      expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, HEAD, POST'])
    }
  })

  it('answers HEAD like GET without a body', async () => {
    const head = await ask(api.url, { method: 'HEAD', path: '/api/v1/projects/a/note' })
    const get = await ask(api.url, { path: '/api/v1/projects/a/note' })
    expect([head.status, head.body.length]).toEqual([200, 0])
    expect(head.headers['content-length']).toBe(get.headers['content-length'])
    expect(head.headers.etag).toBe('"3"')
    const stream = await ask(api.url, { method: 'HEAD', path: '/api/v1/export' })
    expect([stream.status, stream.body.length]).toEqual([200, 0])
  })

  it('takes the absolute form of a target', async () => {
    const answer = await exchangeBytes(
      api.url,
      'GET /api/v1/notes HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    )
    expect(answer).toContain('HTTP/1.1 200')
  })

  it('refuses to open with two routes of one id', async () => {
    const twice = [bindings[0]!, { ...bindings[3]!, route: { ...addNote, id: 'readNote' } }]
    await expect(openTestManagement({ bindings: twice, database: test.database })).rejects.toThrow(
      'readNote',
    )
  })
})

describe('answers', () => {
  it('carry headers that keep browsers from doing anything with them', async () => {
    const problem = await api.send('GET', '/nope')
    const good = await api.send('GET', '/notes')
    const empty = await api.send('DELETE', '/projects/a/note')
    expect([good.status, empty.status]).toEqual([200, 204])
    for (const { headers } of [problem, good, empty]) {
      expect(headers.get('content-security-policy')).toContain("default-src 'none'")
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('x-request-id')).not.toBeNull()
    }
    expect(empty.headers.get('content-type')).toBeNull()
  })

  it('say where a new thing is, and set cookies', async () => {
    const answer = await api.send('POST', '/notes', { body: { text: 'a' } })
    expect(answer.status).toBe(201)
    expect(answer.headers.get('location')).toBe('/api/v1/notes/1')
    expect(answer.headers.getSetCookie()).toEqual(['a=b'])
  })

  it('are streamed where the route says so', async () => {
    const answer = await api.send('GET', '/export')
    expect(answer.body).toBe('a,b\nc,d\n')
    expect(answer.headers.get('content-type')).toBe('text/csv')
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="no_tes.csv"')
  })

  it('are a defect, told to the log only, when they are not as described', async () => {
    for (const how of ['answer', 'throw']) {
      const answer = await api.send('POST', `/fail/${how}`)
      expect([answer.status, kindOf(answer)]).toEqual([500, 'internal'])
      const text = JSON.stringify(answer.body)
      expect(text).toContain(answer.headers.get('x-request-id'))
      expect(text).not.toContain('hidden')
      expect(text).not.toContain('password')
    }
    expect(api.failures.slice(-2).map(String)).toEqual([
      expect.stringContaining('fail'),
      'Error: the hidden reason',
    ])
  })

  it('say when to try again', async () => {
    const limited = await api.send('POST', '/fail/limit')
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '7'])
    const away = await api.send('POST', '/fail/unavailable')
    expect([away.status, away.headers.get('retry-after')]).toEqual([503, '5'])
  })
})

describe('requests', () => {
  it('are refused with every fault at once', async () => {
    const answer = await api.send('PUT', `/projects/a/note?x=1&y=2`, {
      body: { text: '', tags: ['ok', 'A1'], txt: 1 },
    })
    expect(kindOf(answer)).toBe('requestInvalid')
    expect(faultsIn(answer.body).sort()).toEqual([
      'body tags[1] invalid_format',
      'body text too_small',
      'body txt unknown',
      'query x unknown',
      'query y unknown',
    ])
    const faults = problemSchema.parse(answer.body).errors ?? []
    expect(faults.every(({ accepted }) => accepted !== undefined)).toBe(true)
    expect(faults.find(({ path }) => path === 'txt')?.message).toContain('Did you mean text?')
  })

  it('may repeat a query parameter only where it is a list', async () => {
    const good = await api.send('GET', '/notes?kind=a&kind=b&limit=7')
    expect(good.body).toEqual({ items: ['7', 'a', 'b'], next: null })
    const bad = await api.send('GET', '/notes?limit=1&limit=2')
    expect(faultsIn(bad.body)).toEqual(['query limit repeated'])
    for (const query of [
      '__proto__=1',
      'constructor=1',
      'limit=0',
      'limit=x',
      'limit=',
      'kind=c',
    ]) {
      expect((await api.send('GET', `/notes?${query}`)).status).toBe(400)
    }
    expect((await api.send('GET', `/notes?after=${'x'.repeat(20_000)}`)).status).toBe(400)
  })

  it('need a body of strict JSON', async () => {
    const json = { 'content-type': 'application/json' }
    const refused = [
      { headers: json, body: '{"text":"a","text":"b"}' },
      { headers: json, body: '{"text":"a","t\\u0065xt":"b"}' },
      { headers: json, body: '['.repeat(100_000) },
      { headers: json, body: '{"text":"a"' },
      { headers: json, body: Buffer.from([0x22, 0xff, 0x22]) },
      { headers: json, body: '{"text":"a","__proto__":{}}' },
      { headers: json, body: 'null' },
      { headers: json, body: `{"text":"${'x'.repeat(1_100_000)}"}` },
      { headers: { 'content-type': 'text/plain' }, body: '{"text":"a"}' },
      { headers: { 'content-type': 'garbage' }, body: '{"text":"a"}' },
      { headers: {}, body: '{"text":"a"}' },
      { headers: { ...json, 'content-encoding': 'gzip' }, body: '{"text":"a"}' },
      { headers: json, body: undefined },
    ]
    for (const { headers, body } of refused) {
      const answer = await ask(api.url, {
        method: 'POST',
        path: '/api/v1/notes',
        headers: {
          ...headers,
          ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
        },
        ...(body !== undefined && { body }),
      })
      expect([answer.status, answer.headers['content-type']]).toEqual([
        400,
        'application/problem+json',
      ])
    }
    expect(written).toBe(0)
    const chunked = await ask(api.url, {
      method: 'POST',
      path: '/api/v1/notes',
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: [Buffer.from('{"text"'), Buffer.from(':"a"}')],
    })
    expect(chunked.status).toBe(201)
    const tooMuch = Array.from({ length: 20 }, () => Buffer.alloc(100_000, 0x20))
    const long = await ask(api.url, {
      method: 'POST',
      path: '/api/v1/notes',
      headers: json,
      body: tooMuch,
    })
    expect(long.status).toBe(400)
  })

  it('bring no body where there is none', async () => {
    expect((await api.send('POST', '/fail/x', { body: {} })).status).toBe(400)
  })

  it('send their body only after they were let in', async () => {
    api.setCaller(anonymousCaller())
    const answer = await exchangeBytes(
      api.url,
      'POST /api/v1/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 12\r\nExpect: 100-continue\r\n\r\n',
    )
    expect(answer).toContain('HTTP/1.1 401')
    expect(answer).not.toContain('100 Continue')
  })
})

describe('permission', () => {
  it('lets strangers through where anyone may, and asks for credentials elsewhere', async () => {
    api.setCaller(anonymousCaller())
    expect((await api.send('GET', '/notes')).status).toBe(200)
    for (const [method, path] of [
      ['GET', '/projects/acme/note'],
      ['PUT', '/projects/acme/note'],
      ['POST', '/notes'],
      ['POST', '/secrets'],
      ['GET', '/repositories/acme%2Fweb'],
    ] as const) {
      const answer = await api.send(method, path)
      expect([path, answer.status, kindOf(answer)]).toEqual([path, 401, 'unauthenticated'])
      expect(answer.headers.get('www-authenticate')).toContain('Bearer')
    }
  })

  it('asks for credentials, whatever role those have who show none', async () => {
    api.setCaller(testCaller({ credentials: 'none' }))
    expect((await api.send('GET', '/projects/acme/note')).status).toBe(401)
    expect((await api.send('GET', '/repositories/acme%2Fweb')).status).toBe(401)
  })

  it('tells one who may see that they may not do, and all others nothing', async () => {
    api.setCaller(
      testCaller({
        mayProject: async (action, project) => action === 'readProject' && project === 'seen',
        may: async () => false,
        mayInstance: () => false,
      }),
    )
    const seen = await api.send('PUT', '/projects/seen/note', { body: { text: 'a' } })
    expect([seen.status, kindOf(seen)]).toEqual([403, 'denied'])
    const instance = await api.send('POST', '/notes', { body: { text: 'a' } })
    expect([instance.status, kindOf(instance)]).toEqual([403, 'denied'])
    const bodies = new Set<string>()
    for (const path of ['/projects/private/note', '/projects/missing/note']) {
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const answer = await api.send(method, path)
        expect([answer.status, kindOf(answer)]).toEqual([404, 'notFound'])
        bodies.add(JSON.stringify({ ...(answer.body as object), requestId: '' }))
      }
    }
    expect(bodies.size).toBe(1)
    expect((await api.send('GET', '/repositories/acme%2Fweb')).status).toBe(404)
    expect((await api.send('GET', '/repositories/Acme')).status).toBe(400)
  })

  it('answers what the authenticator throws', async () => {
    api.setCaller(() => Promise.reject(new BerthError('unauthenticated', 'Expired.')))
    expect(kindOf(await api.send('GET', '/notes'))).toBe('unauthenticated')
  })
})

describe('versions', () => {
  it('come as an ETag, and If-None-Match spares the body', async () => {
    const first = await api.send('GET', '/projects/a/note')
    expect(first.headers.get('etag')).toBe('"3"')
    for (const header of ['"3"', 'W/"3"', '"1", "3"', '*']) {
      const answer = await api.send('GET', '/projects/a/note', {
        headers: { 'if-none-match': header },
      })
      expect([answer.status, answer.body, answer.headers.get('etag')]).toEqual([
        304,
        undefined,
        '"3"',
      ])
    }
    const other = await api.send('GET', '/projects/a/note', { headers: { 'if-none-match': '"2"' } })
    expect(other.status).toBe(200)
  })

  it('guard a change with If-Match', async () => {
    const put = (header: string) =>
      api.send('PUT', '/projects/a/note', { body: { text: 'a' }, headers: { 'if-match': header } })
    expect([(await put('"3"')).status, lastIfMatch]).toEqual([200, 3])
    expect([(await put('*')).status, lastIfMatch]).toEqual([200, undefined])
    expect(kindOf(await put('"2"'))).toBe('versionMismatch')
    for (const bad of ['3', 'W/"3"', '"3", "4"', '"x"', '"-1"', '""', '"99999999999999999"']) {
      expect([bad, (await put(bad)).status]).toEqual([bad, 400])
    }
    const unversioned = await api.send('POST', '/notes', {
      body: { text: 'a' },
      headers: { 'if-match': '"1"' },
    })
    expect(unversioned.status).toBe(400)
  })
})

describe('other sites', () => {
  const post = (headers: Record<string, string>) =>
    api.send('POST', '/notes', { body: { text: 'a' }, headers })

  it('may not make a session change anything', async () => {
    api.setCaller(testCaller({ credentials: 'session', sessionId: 's1' }))
    const token = { 'x-berth-csrf': 'csrf-of-s1' }
    expect((await post(token)).status).toBe(201)
    expect((await post({ ...token, origin: api.url })).status).toBe(201)
    expect((await post({ ...token, 'sec-fetch-site': 'same-origin' })).status).toBe(201)
    written = 0
    const refused = [
      {},
      { 'x-berth-csrf': 'csrf-of-s2' },
      { 'x-berth-csrf': 'x'.repeat(1000) },
      { ...token, origin: 'https://evil.example' },
      { ...token, origin: 'null' },
      { ...token, origin: `${api.url}.evil.example` },
      { ...token, 'sec-fetch-site': 'cross-site' },
      { ...token, 'sec-fetch-site': 'same-site' },
    ]
    for (const headers of refused) expect((await post(headers)).status).toBe(403)
    expect(written).toBe(0)
    expect((await api.send('GET', '/notes')).status).toBe(200)
  })

  it('may not use a password that the browser remembers either', async () => {
    expect((await post({})).status).toBe(201)
    expect((await post({ 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await post({ origin: 'https://evil.example' })).status).toBe(403)
  })
})

describe('idempotency keys', () => {
  const post = (key: string, text = 'a', path = '/notes') =>
    api.send('POST', path, { body: { text }, headers: { 'idempotency-key': key } })

  it('do the work once and give the first answer again, without cookies', async () => {
    const first = await post('k1')
    const second = await post('k1')
    expect([first.status, second.status, written]).toEqual([201, 201, 1])
    expect(second.body).toEqual(first.body)
    expect(second.headers.get('location')).toBe(first.headers.get('location'))
    expect(first.headers.get('idempotency-replayed')).toBeNull()
    expect(second.headers.get('idempotency-replayed')).toBe('true')
    expect(second.headers.getSetCookie()).toEqual([])
  })

  it('are refused for another request, and are of one caller', async () => {
    await post('k1')
    expect(kindOf(await post('k1', 'b'))).toBe('conflict')
    expect(kindOf(await post('k1', 'a', '/secrets'))).toBe('conflict')
    api.setCaller(testCaller({ actor: { kind: 'user', id: 'u2', name: 'other' } }))
    expect((await post('k1', 'b')).status).toBe(201)
  })

  it('never keep a secret', async () => {
    const first = await post('k1', 'a', '/secrets')
    expect([first.status, written]).toEqual([201, 1])
    expect(kindOf(await post('k1', 'a', '/secrets'))).toBe('conflict')
    expect(written).toBe(1)
    const rows = await test.database.read.selectFrom('idempotency_keys').selectAll().execute()
    expect(JSON.stringify(rows)).not.toContain('berth_key_hidden')
  })

  it('are free again after a refusal or a failure', async () => {
    expect((await post('k1', 'refuse')).status).toBe(409)
    expect((await post('k1', 'refuse')).status).toBe(409)
    expect(written).toBe(2)
    const fail = () => api.send('POST', '/fail/x', { headers: { 'idempotency-key': 'k2' } })
    expect([(await fail()).status, (await fail()).status]).toEqual([500, 500])
  })

  it('do not go past a permission that was taken away', async () => {
    await post('k1')
    api.setCaller(testCaller({ mayInstance: () => false }))
    expect((await post('k1')).status).toBe(403)
  })

  it('expire after a day', async () => {
    await post('k1')
    now += 24 * 60 * 60 * 1000 + 1
    expect((await post('k1')).headers.get('idempotency-replayed')).toBeNull()
    expect(written).toBe(2)
  })

  it('are refused when malformed, on other methods and without credentials', async () => {
    expect((await post('x'.repeat(201))).status).toBe(400)
    expect((await post('a b')).status).toBe(400)
    const put = await api.send('PUT', '/projects/a/note', {
      body: { text: 'a' },
      headers: { 'idempotency-key': 'k' },
    })
    expect(put.status).toBe(400)
  })
})
