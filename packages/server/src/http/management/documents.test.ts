import { pageOf, pageQuery } from '@berth/api/page.ts'
import { defineRoute } from '@berth/api/route.ts'
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { type TestDatabase, testDatabases } from '../../testing/open-test-databases.ts'
import { openTestManagement, type TestManagement } from '../../testing/open-test-management.ts'
import { bind } from './call.ts'
import { describeApi } from './documents.ts'
import { managementRoutes } from './routes.ts'

/** An identity provider comes back with whatever parameters it likes. */
const loose = new Set(['finishOidcSignIn'])

const none = z.strictObject({})
const shelf = z.strictObject({
  name: z.string().describe('Its <b>name</b>.'),
  extra: z.json(),
})
const common = {
  topic: 'Shelves',
  params: none,
  query: none,
  body: undefined,
  status: 200,
} as const
const listShelves = defineRoute({
  ...common,
  id: 'listShelves',
  method: 'GET',
  path: '/shelves',
  summary: 'List <shelves>.',
  query: z.strictObject(pageQuery),
  answer: pageOf(shelf),
  problems: [],
  versioned: false,
})
const updateShelf = defineRoute({
  ...common,
  id: 'updateShelf',
  method: 'PATCH',
  path: '/projects/{project}/shelf',
  summary: 'Change it.',
  params: z.strictObject({ project: z.string() }),
  body: z.strictObject({ size: z.int().min(1).default(4), notes: z.array(z.string()).optional() }),
  answer: shelf,
  problems: ['conflict'],
  versioned: true,
})
const readShelf = defineRoute({ ...updateShelf, id: 'readShelf', method: 'GET', body: undefined })
const routes = [listShelves, readShelf, updateShelf]

let test: TestDatabase
let api: TestManagement
beforeAll(async () => {
  const [engine] = testDatabases
  test = await engine!.open()
  const handler = () => Promise.reject(new Error('not called'))
  const bindings = routes.map((route) => bind(route, { on: 'anyone' }, handler))
  api = await openTestManagement({ bindings, database: test.database })
})
afterAll(async () => {
  await api.close()
  await test.close()
})

describe('the description of the API', () => {
  it('names what occurs in several places, and refers to it', async () => {
    const { body, status } = await api.send('GET', '/openapi.json')
    expect(status).toBe(200)
    const reference = { $ref: '#/components/schemas/Shelf' }
    expect(body).toMatchObject({
      openapi: '3.1.1',
      paths: {
        '/shelves': {
          get: {
            responses: {
              200: {
                content: {
                  'application/json': { schema: { properties: { items: { items: reference } } } },
                },
              },
            },
          },
        },
        '/projects/{project}/shelf': {
          patch: { responses: { 200: { content: { 'application/json': { schema: reference } } } } },
        },
      },
      components: { schemas: { Shelf: { type: 'object' }, Problem: { type: 'object' } } },
    })
  })

  it('tells of every status, header and parameter', () => {
    const { paths } = describeApi(routes)
    const { get, patch } = paths['/projects/{project}/shelf']!
    expect(Object.keys(patch!.responses)).toEqual([
      '200',
      '400',
      '401',
      '403',
      '404',
      '409',
      '412',
      '429',
      '500',
      '503',
    ])
    expect(Object.keys(get!.responses)).toContain('304')
    expect(get!.responses['200']!.headers).toHaveProperty('ETag')
    expect(patch!.parameters.map((parameter) => [parameter.name, parameter.required])).toEqual([
      ['project', true],
      ['If-Match', false],
    ])
    const list = paths['/shelves']!['get']!
    expect(list.parameters.map((parameter) => [parameter.name, parameter.schema['type']])).toEqual([
      ['limit', 'integer'],
      ['after', 'string'],
    ])
    // What has a default need not be sent.
    expect(patch!.requestBody!.content['application/json']!.schema).not.toHaveProperty('required')
  })

  it('holds no reference to nowhere', () => {
    const document = describeApi(managementRoutes.map(({ route }) => route))
    const text = JSON.stringify(document)
    for (const [, name = ''] of text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)) {
      expect(document.components.schemas).toHaveProperty(name)
    }
    expect(text).not.toContain('$defs')
  })
})

describe('the reference page', () => {
  it('needs nothing but itself, and allows nothing but its own style', async () => {
    const answer = await fetch(`${api.url}/api/reference`)
    const page = await answer.text()
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      'text/html; charset=utf-8',
    ])
    const style = /<style>([\s\S]*)<\/style>/.exec(page)?.[1] ?? ''
    const digest = createHash('sha256').update(style).digest('base64')
    expect(answer.headers.get('content-security-policy')).toContain(
      `default-src 'none'; style-src 'sha256-${digest}'`,
    )
    expect(page).not.toMatch(/<script|<link|<img|style="|https?:\/\/|url\(|@import/)
  })

  it('escapes what it shows', async () => {
    const page = await (await fetch(`${api.url}/api/reference`)).text()
    expect(page).toContain('List &lt;shelves&gt;')
    expect(page).toContain('Its &lt;b&gt;name&lt;/b&gt;')
    expect(page).not.toContain('<b>name')
  })

  it('has every route, each link leads somewhere, and no id occurs twice', async () => {
    const page = await (await fetch(`${api.url}/api/reference`)).text()
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map((match) => match[1])
    expect(new Set(ids).size).toBe(ids.length)
    for (const { id } of routes) expect(ids).toContain(id)
    for (const [, target] of page.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(target)
  })
})

describe('every route', () => {
  it('is described by strict schemas, and named once', () => {
    const ids = managementRoutes.map(({ route }) => route.id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { route, permission } of managementRoutes) {
      for (const schema of [route.params, route.query, route.body]) {
        if (!(schema instanceof z.ZodObject) || loose.has(route.id)) continue
        const stranger = schema.safeParse({ 'not a member': 1 }).error?.issues ?? []
        expect([route.id, stranger.some(({ code }) => code === 'unrecognized_keys')]).toEqual([
          route.id,
          true,
        ])
      }
      const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
      expect([route.id, inPath]).toEqual([route.id, Object.keys(route.params.shape)])
      expect([route.id, route.answer === undefined]).toEqual([
        route.id,
        route.status === 204 || route.status === 303 || route.streams !== undefined,
      ])
      if (permission.on === 'project') expect(inPath).toContain('project')
      if (permission.on === 'repository') expect(inPath).toContain('repository')
    }
  })
})
