import { ApiProblem, type ClientContent, createClient } from '@berth/api/client.ts'
import { pageOf, pageQuery } from '@berth/api/page.ts'
import { defineRoute } from '@berth/api/route.ts'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { BerthError } from '../../errors.ts'
import { type TestDatabase, testDatabases } from '../../testing/open-test-databases.ts'
import {
  openTestManagement,
  testCaller,
  type TestManagement,
} from '../../testing/open-test-management.ts'
import { bind } from './call.ts'

const none = z.strictObject({})
const box = z.strictObject({ name: z.string(), version: z.number() })
const named = z.strictObject({ project: z.string() })
const common = {
  topic: 'Boxes',
  summary: 'Test.',
  query: none,
  problems: [],
  versioned: false,
} as const

const readBox = defineRoute({
  ...common,
  id: 'readBox',
  method: 'GET',
  path: '/boxes/{project}',
  params: named,
  body: undefined,
  status: 200,
  answer: box,
  versioned: true,
})
const changeBox = defineRoute({
  ...readBox,
  id: 'changeBox',
  method: 'PATCH',
  body: z.strictObject({ name: z.string().min(3) }),
})
const removeBox = defineRoute({
  ...readBox,
  id: 'removeBox',
  method: 'DELETE',
  status: 204,
  answer: undefined,
})
const addBox = defineRoute({
  ...common,
  id: 'addBox',
  method: 'POST',
  path: '/boxes',
  params: none,
  body: z.strictObject({ name: z.string() }),
  status: 201,
  answer: box,
})
const listBoxes = defineRoute({
  ...common,
  id: 'listBoxes',
  method: 'GET',
  path: '/boxes',
  params: none,
  query: z.strictObject({ ...pageQuery, kind: z.array(z.string()).optional() }),
  body: undefined,
  status: 200,
  answer: pageOf(z.number()),
})

const packBox = defineRoute({
  ...common,
  id: 'packBox',
  method: 'PUT',
  path: '/boxes/content',
  params: none,
  body: undefined,
  receives: ['application/x-box', 'application/octet-stream'],
  status: 200,
  answer: z.strictObject({
    mediaType: z.string(),
    text: z.string(),
    length: z.string().nullable(),
  }),
})

let added = 0
let authorization: string | undefined
let csrf: string | string[] | undefined
const bindings = [
  bind(readBox, { on: 'project', action: 'readProject' }, async (_door, { params }) => ({
    body: { name: params.project, version: 7 },
    version: 7,
  })),
  bind(changeBox, { on: 'caller' }, async (_door, { body, ifMatch }) => {
    if (ifMatch !== 7) throw new BerthError('versionMismatch', 'It was changed.')
    return { body: { name: body.name, version: 8 }, version: 8 }
  }),
  bind(removeBox, { on: 'caller' }, async () => ({ body: undefined })),
  bind(addBox, { on: 'caller' }, async (_door, { body }) => {
    added += 1
    return { body: { name: body.name, version: added } }
  }),
  bind(packBox, { on: 'caller' }, async (_door, { exchange }) => {
    exchange.acceptBody()
    const { headers } = exchange.request
    const body = {
      mediaType: headers['content-type'] ?? '',
      text: await text(exchange.request),
      length: headers['content-length'] ?? null,
    }
    return { body }
  }),
  bind(listBoxes, { on: 'anyone' }, async (_door, { query }) => {
    const first = Number(query.after ?? 0)
    const items = [1, 2, 3, 4, 5].slice(first, first + query.limit)
    const next = first + items.length
    return { body: { items, next: next < 5 ? String(next) : null } }
  }),
]

let test: TestDatabase
let api: TestManagement
beforeAll(async () => {
  const [engine] = testDatabases
  test = await engine!.open()
  api = await openTestManagement({ bindings, database: test.database })
})
afterAll(async () => {
  await api.close()
  await test.close()
})
beforeEach(() => {
  added = 0
  api.setCaller((exchange) => {
    authorization = exchange.request.headers.authorization
    csrf = exchange.request.headers['x-berth-csrf']
    return Promise.resolve(testCaller())
  })
})
const client = () => createClient({ baseUrl: `${api.url}/` })
const problemOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => (error instanceof ApiProblem ? error : undefined),
  )

describe('the client', () => {
  it('reads, with a name of any characters, and gives the version', async () => {
    const { body, version } = await client().call(readBox, { params: { project: 'a/b %2F?#ü' } })
    expect(body).toEqual({ name: 'a/b %2F?#ü', version: 7 })
    expect(version).toBe(7)
    await expect(client().call(readBox, { params: { project: '..' } })).rejects.toThrow(TypeError)
  })

  it('changes what was read, and tells of a change in between', async () => {
    const change = (ifMatch: number) =>
      client().call(changeBox, { params: { project: 'a' }, body: { name: 'new' }, ifMatch })
    expect((await change(7)).version).toBe(8)
    const problem = await problemOf(change(6))
    expect([problem?.kind, problem?.status]).toEqual(['versionMismatch', 412])
    const gone = await client().call(removeBox, { params: { project: 'a' } })
    expect([gone.status, gone.body]).toEqual([204, undefined])
  })

  it('throws every fault of a request', async () => {
    const body = { name: 'x' }
    const problem = await problemOf(client().call(changeBox, { params: { project: 'a' }, body }))
    expect(problem?.kind).toBe('requestInvalid')
    expect(problem?.errors).toMatchObject([{ in: 'body', path: 'name', rule: 'too_small' }])
    expect(problem?.requestId).toMatch(/^[0-9a-f]{8}$/)
  })

  it('goes through all pages', async () => {
    const pages: number[][] = []
    for await (const items of client().pages(listBoxes, {
      query: { limit: 2, kind: ['a', 'b'] },
    })) {
      pages.push(items)
    }
    expect(pages).toEqual([[1, 2], [3, 4], [5]])
  })

  it('repeats a POST without doing it twice', async () => {
    const add = () => client().call(addBox, { body: { name: 'a' }, idempotencyKey: 'key-1' })
    const [first, second] = [await add(), await add()]
    expect([first.isReplayed, second.isReplayed, added]).toEqual([false, true, 1])
    expect(second.body).toEqual(first.body)
  })

  it('shows its credentials, and the token of a session only with changes', async () => {
    const as = (credentials: Parameters<typeof createClient>[0]['credentials']) =>
      createClient({ baseUrl: api.url, credentials })
    await as({ kind: 'password', name: 'zoë', password: 'a:b' }).call(listBoxes, {})
    expect(authorization).toBe(`Basic ${Buffer.from('zoë:a:b').toString('base64')}`)
    await as({ kind: 'token', token: 't' }).call(listBoxes, {})
    expect(authorization).toBe('Bearer t')
    const session = as({ kind: 'session', csrfToken: () => 'c' })
    await session.call(listBoxes, {})
    expect([authorization, csrf]).toEqual([undefined, undefined])
    await session.call(addBox, { body: { name: 'a' } })
    expect(csrf).toBe('c')
  })

  it('sends a file, bytes and a stream as they are', async () => {
    const send = async (content: ClientContent, mediaType?: string) =>
      (await client().call(packBox, { content, mediaType })).body
    const file = new File(['a file'], 'box.bin', { type: 'text/plain' })
    // Of the route, whatever the browser takes the file for.
    expect(await send(file)).toEqual({
      mediaType: 'application/x-box',
      text: 'a file',
      length: '6',
    })
    const bytes = new TextEncoder().encode('bytes')
    const octets = 'application/octet-stream'
    expect(await send(bytes, octets)).toEqual({ mediaType: octets, text: 'bytes', length: '5' })
    const parts = ReadableStream.from([bytes, bytes])
    expect(await send(parts)).toMatchObject({ text: 'bytesbytes', length: null })
    const problem = await problemOf(send(bytes, 'text/plain'))
    expect(problem?.errors).toMatchObject([{ in: 'header', path: 'Content-Type' }])
    const wrong = client().call(addBox, { body: { name: 'a' }, content: bytes })
    await expect(wrong).rejects.toThrow(TypeError)
  })

  it('a session in a browser sends a file with its token, and not without', async () => {
    const session = { credentials: 'session', sessionId: 's' } as const
    api.setCaller(testCaller(session))
    const send = (csrfToken: string) =>
      createClient({
        baseUrl: api.url,
        credentials: { kind: 'session', csrfToken: () => csrfToken },
      }).call(packBox, { content: new Blob(['x']) })
    expect((await send('csrf-of-s')).body.text).toBe('x')
    expect((await problemOf(send('other')))?.kind).toBe('denied')
  })

  it('takes an answer of somebody else for what it is', async () => {
    const proxy: typeof fetch = () =>
      Promise.resolve(new Response('<h1>Bad gateway</h1>', { status: 502 }))
    const problem = await problemOf(
      createClient({ baseUrl: api.url, fetch: proxy }).call(listBoxes, {}),
    )
    expect([problem?.kind, problem?.status]).toEqual([undefined, 502])
  })
})
