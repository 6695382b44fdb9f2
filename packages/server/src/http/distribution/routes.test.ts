import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, digestOf, errorCode, RegistryClient } from '../../testing/http-client.ts'
import { openTestServer, type TestServer } from '../../testing/open-test-server.ts'

let server: TestServer
let client: RegistryClient

beforeAll(async () => {
  server = await openTestServer()
  client = new RegistryClient(server.url, server.admin)
})
afterAll(() => server.close())

const digest = digestOf('x')

describe('routes', () => {
  it.each([
    ['/v2/', 'GET, HEAD'],
    ['/v2/_catalog', 'GET, HEAD'],
    [`/v2/a/blobs/${digest}`, 'DELETE, GET, HEAD'],
    ['/v2/a/blobs/uploads/', 'POST'],
    ['/v2/a/blobs/uploads/id', 'DELETE, GET, HEAD, PATCH, PUT'],
    ['/v2/a/manifests/x', 'DELETE, GET, HEAD, PUT'],
    ['/v2/a/tags/list', 'GET, HEAD'],
    [`/v2/a/referrers/${digest}`, 'GET, HEAD'],
  ])('end-* %s: any other method is 405 with Allow', async (path, allow) => {
    const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']
    for (const method of methods.filter((method) => !allow.includes(method))) {
      const answer = await client.send(method, path)
      expect([method, answer.status]).toEqual([method, 405])
      expect(answer.headers.allow).toBe(allow)
      expect(errorCode(answer)).toBe('UNSUPPORTED')
    }
  })

  it.each(['/v2x', '/v2/a', '/v2/a/b/c', '/v3/', '/favicon.ico', '//v2/', '/v2/a/tags/list/x'])(
    'end-* %s is no endpoint',
    async (path) => {
      const answer = await client.send('GET', path)
      expect(answer.status).toBe(404)
      expect(answer.headers['content-type']).toBe('application/json')
      expect(JSON.parse(answer.body.toString())).toHaveProperty('errors')
    },
  )

  it.each([
    'Upper',
    'a..b',
    '-a',
    'a_',
    'a/../b',
    'a//b',
    '%00',
    'a%20b',
    '%C3%A4',
    'a'.repeat(256),
  ])('end-8 GET: the name %s is malformed and answers NAME_INVALID', async (name) => {
    const answer = await client.send('GET', `/v2/${name}/tags/list`)
    expect(answer.status).toBe(400)
    expect(errorCode(answer)).toBe('NAME_INVALID')
  })

  it('end-8 GET: a broken escape is 400', async () => {
    expect((await client.send('GET', '/v2/a%zz/tags/list')).status).toBe(400)
  })

  it('end-8 GET: a target with scheme and host, as proxies send it, is understood', async () => {
    const answer = await client.send('GET', `${server.url}/v2/demo/never/tags/list`)
    expect(errorCode(answer)).toBe('NAME_UNKNOWN')
  })

  it('end-* HEAD: an error has no body', async () => {
    const answer = await ask(server.url, { method: 'HEAD', path: '/v2/' })
    expect(answer.status).toBe(401)
    expect(answer.body).toHaveLength(0)
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer /)
  })

  it('end-* a query of 20 KiB is refused, not read', async () => {
    const answer = await client.send('GET', `/v2/a/tags/list?${'x=1&'.repeat(5000)}`)
    expect(answer.status).toBe(400)
  })

  it('end-* whatever is asked is answered, in the envelope, and never with a 500', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'a',
        'blobs',
        'uploads',
        'manifests',
        'tags',
        'list',
        'referrers',
        '_catalog',
      ),
      fc.constantFrom(
        '',
        '.',
        '..',
        '%',
        '%2F',
        '%00',
        '%ff',
        '..%2f..',
        digest,
        'sha256:x',
        'latest',
      ),
      fc.string({ unit: 'binary-ascii', maxLength: 6 }),
    )
    const value = fc.oneof(
      fc.string({ unit: 'binary-ascii', maxLength: 12 }),
      fc.constantFrom(digest, '-1', '0', 'a/b'),
    )
    const parameter = fc
      .tuple(
        fc.constantFrom(
          'n',
          'last',
          'digest',
          'mount',
          'from',
          'tag',
          'state',
          'artifactType',
          'digest-algorithm',
          'x',
        ),
        value,
      )
      .map(([name, text]) => `${name}=${text}`)
    const header = fc.oneof(
      fc.record({ range: value }),
      fc.record({ 'content-range': value }),
      fc.record({ 'if-none-match': value }),
      fc.record({ 'content-type': value }),
      fc.record({ authorization: value }),
      fc.constant({}),
    )
    const request = fc.record({
      method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'),
      pieces: fc.array(piece, { maxLength: 6 }),
      parameters: fc.array(parameter, { maxLength: 4 }),
      header,
      body: fc.oneof(fc.constant(undefined), fc.string(), fc.json()),
    })
    // HTTP cannot carry other characters in a target or a header.
    const clean = (text: string) =>
      Array.from(text)
        .filter((character) => character > ' ' && character < '\x7f')
        .join('')
    await fc.assert(
      fc.asyncProperty(request, async ({ method, pieces, parameters, header, body }) => {
        const path = `/v2/${clean(pieces.join('/'))}${parameters.length > 0 ? `?${clean(parameters.join('&'))}` : ''}`
        const headers = Object.fromEntries(
          Object.entries(header).map(([name, text]) => [name, clean(text)]),
        )
        const answer = await client.send(method, path, {
          headers,
          ...(body !== undefined && method !== 'GET' && method !== 'HEAD' && { body }),
        })
        expect(answer.status).toBeLessThan(500)
        if (answer.status >= 400 && method !== 'HEAD')
          expect(errorCode(answer)).toMatch(/^[A-Z_]+$/)
      }),
      { numRuns: 400 },
    )
  })
})

describe('an open registry', () => {
  it('end-1 GET: never asks for credentials where anyone may do anything', async () => {
    const open = await openTestServer({ access: { anonymousRole: 'admin' } })
    try {
      expect((await ask(open.url, { path: '/v2/' })).status).toBe(200)
      const anyone = new RegistryClient(open.url)
      const pushed = await anyone.pushBlob('demo/app', 'from anyone')
      const answer = await anyone.send('GET', `/v2/demo/app/blobs/${pushed}`)
      expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable')
    } finally {
      await open.close()
    }
  })
})
