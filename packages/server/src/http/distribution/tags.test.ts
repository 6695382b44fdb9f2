import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Answer,
  artifact,
  errorCode,
  readJson,
  RegistryClient,
} from '../../testing/http-client.ts'
import { openTestServer, type TestServer } from '../../testing/open-test-server.ts'

let server: TestServer
let client: RegistryClient
const tags = ['10', '2', 'B', 'Z', '_x', 'a', 'a-b', 'a.b', 'b']

beforeAll(async () => {
  server = await openTestServer({ registry: { pageMax: 5 } })
  client = new RegistryClient(server.url, server.admin)
  for (const repository of ['demo/tags', 'demo/other']) await client.pushBlob(repository, '{}')
  for (const tag of tags.toReversed()) await client.pushManifest('demo/tags', tag, artifact())
})
afterAll(() => server.close())

type List = { name: string; tags: string[]; repositories: string[] }

function json(answer: Answer): List {
  return readJson<List>(answer)
}

/** Follows `Link` headers from a first path, collecting one field. */
async function pages(first: string, field: 'tags' | 'repositories'): Promise<string[][]> {
  const found: string[][] = []
  for (let path: string | undefined = first; path !== undefined; ) {
    const answer: Answer = await client.send('GET', path)
    expect(answer.status).toBe(200)
    found.push(json(answer)[field])
    path = /^<(\/v2\/[^>]*)>; rel="next"$/.exec(String(answer.headers.link))?.[1]
  }
  return found
}

describe('lists', () => {
  it('end-8 GET: tags come in byte order, a page at a time', async () => {
    expect(await pages('/v2/demo/tags/tags/list', 'tags')).toEqual([
      tags.slice(0, 5),
      tags.slice(5),
    ])
    expect(await pages('/v2/demo/tags/tags/list?n=4', 'tags')).toEqual([
      tags.slice(0, 4),
      tags.slice(4, 8),
      tags.slice(8),
    ])
  })

  it('end-8 GET: names the repository', async () => {
    const answer = await client.send('GET', '/v2/demo/tags/tags/list?n=1')
    expect(json(answer)).toEqual({ name: 'demo/tags', tags: ['10'] })
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      link: '</v2/demo/tags/tags/list?n=1&last=10>; rel="next"',
    })
  })

  it('end-8 GET: last works alone, need not exist, and is not part of the answer', async () => {
    const after = async (last: string) =>
      json(await client.send('GET', `/v2/demo/tags/tags/list?last=${last}`)).tags
    expect(await after('a')).toEqual(['a-b', 'a.b', 'b'])
    expect(await after('aaa')).toEqual(['b'])
    expect(await after('zzz')).toEqual([])
  })

  it('end-8 GET: n=0 is an empty page without a Link, an exact page has none either', async () => {
    const none = await client.send('GET', '/v2/demo/tags/tags/list?n=0')
    expect(json(none).tags).toEqual([])
    expect(none.headers.link).toBeUndefined()
    const rest = await client.send('GET', '/v2/demo/tags/tags/list?n=3&last=a')
    expect(rest.headers.link).toBeUndefined()
  })

  it.each(['-1', 'x', '1.5', '', '1e3', '9999999999999999999'])(
    'end-8 GET: n=%s answers PAGINATION_NUMBER_INVALID',
    async (n) => {
      const answer = await client.send('GET', `/v2/demo/tags/tags/list?n=${n}`)
      expect(answer.status).toBe(400)
      expect(errorCode(answer)).toBe('PAGINATION_NUMBER_INVALID')
    },
  )

  it('end-8 GET: a repository without tags has an empty list, an unknown one is NAME_UNKNOWN', async () => {
    expect(json(await client.send('GET', '/v2/demo/other/tags/list')).tags).toEqual([])
    const unknown = await client.send('GET', '/v2/demo/never/tags/list')
    expect(unknown.status).toBe(404)
    expect(errorCode(unknown)).toBe('NAME_UNKNOWN')
  })

  it('catalog GET: lists repositories in pages', async () => {
    expect(await pages('/v2/_catalog?n=1', 'repositories')).toEqual([['demo/other'], ['demo/tags']])
    const answer = await client.send('GET', '/v2/_catalog')
    expect(json(answer)).toEqual({ repositories: ['demo/other', 'demo/tags'] })
  })
})
