import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Answer,
  ask,
  basic,
  errorCode,
  readJson,
  RegistryClient,
} from '../../testing/http-client.ts'
import { openTestServer, type TestServer } from '../../testing/open-test-server.ts'

let server: TestServer
const reader = { name: 'rita', password: 'what the first one types' }
const writer = { name: 'wendy', password: 'what the second one types' }

beforeAll(async () => {
  server = await openTestServer({ access: { anonymousRole: 'reader' } })
  await server.createUser(reader.name, reader.password, 'reader')
  await server.createUser(writer.name, writer.password, 'developer')
  const client = new RegistryClient(server.url, server.admin)
  await client.pushBlob('demo/app', '{}')
})
afterAll(() => server.close())

type Token = {
  token: string
  access_token: string
  expires_in: number
  issued_at: string
  scope: string
  refresh_token?: string
}

function tokenOf(answer: Answer): Token {
  expect(answer.status).toBe(200)
  return readJson<Token>(answer)
}

function post(fields: Record<string, string> | string): Promise<Answer> {
  const body = typeof fields === 'string' ? fields : new URLSearchParams(fields).toString()
  return ask(server.url, {
    method: 'POST',
    path: '/token',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': Buffer.byteLength(body),
    },
    body,
  })
}

async function bearer(token: string, method: string, path: string): Promise<Answer> {
  return ask(server.url, { method, path, headers: { authorization: `Bearer ${token}` } })
}

describe('challenges', () => {
  it('end-1 GET: without credentials is 401 with one Bearer challenge at the host that was asked', async () => {
    for (const path of ['/v2/', '/v2']) {
      const answer = await ask(server.url, { path, headers: { host: 'registry.example:5443' } })
      expect(answer.status).toBe(401)
      expect(errorCode(answer)).toBe('UNAUTHORIZED')
      expect(answer.headers['www-authenticate']).toBe(
        'Bearer realm="http://registry.example:5443/token",service="registry.example:5443"',
      )
    }
  })

  it('end-1 GET: a Host that could break the header is not repeated', async () => {
    const answer = await ask(server.url, { path: '/v2/', headers: { host: 'a"b,c' } })
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).not.toContain('a"b')
  })

  it('end-1 GET: with credentials is 200 {}', async () => {
    const headers = { authorization: basic(reader.name, reader.password) }
    for (const method of ['GET', 'HEAD']) {
      const answer = await ask(server.url, { method, path: '/v2/', headers })
      expect(answer.status).toBe(200)
      expect(answer.body.toString()).toBe(method === 'GET' ? '{}' : '')
      expect(answer.headers).toMatchObject({
        'content-type': 'application/json',
        'content-length': '2',
        'docker-distribution-api-version': 'registry/2.0',
      })
    }
  })

  it.each([
    ['PUT', '/v2/demo/app/manifests/x', 'repository:demo/app:pull,push'],
    ['POST', '/v2/demo/app/blobs/uploads/', 'repository:demo/app:pull,push'],
    ['DELETE', '/v2/demo/app/blobs/uploads/id', 'repository:demo/app:pull,push'],
    ['DELETE', '/v2/demo/app/manifests/x', 'repository:demo/app:delete'],
  ])('end-* %s %s: asks for the scope that is needed', async (method, path, scope) => {
    const anonymous = await ask(server.url, { method, path })
    expect(anonymous.status).toBe(401)
    expect(anonymous.headers['www-authenticate']).toContain(`,scope="${scope}"`)
    expect(anonymous.headers['www-authenticate']).not.toContain('error=')

    const { token } = tokenOf(
      await ask(server.url, { path: '/token?scope=repository:demo/app:pull' }),
    )
    const weak = await bearer(token, method, path)
    expect(weak.status).toBe(401)
    expect(weak.headers['www-authenticate']).toContain(
      `,scope="${scope}",error="insufficient_scope"`,
    )

    const known = new RegistryClient(server.url, reader)
    const denied = await known.send(method, path)
    expect(denied.status).toBe(403)
    expect(errorCode(denied)).toBe('DENIED')
  })

  it('end-* a bad token is told apart from a bad password', async () => {
    const badToken = await bearer('nonsense', 'GET', '/v2/demo/app/tags/list')
    expect(badToken.status).toBe(401)
    expect(badToken.headers['www-authenticate']).toContain('error="invalid_token"')
    const badPassword = await ask(server.url, {
      path: '/v2/demo/app/tags/list',
      headers: { authorization: basic(reader.name, 'wrong') },
    })
    expect(badPassword.status).toBe(401)
    expect(badPassword.headers['www-authenticate']).not.toContain('error=')
  })

  it('end-* without rights a repository that exists looks like one that does not', async () => {
    const refusals = await Promise.all(
      ['demo/app', 'demo/never'].map(async (name) => {
        const answer = await ask(server.url, { method: 'DELETE', path: `/v2/${name}/manifests/x` })
        return [answer.status, answer.body.toString().replaceAll(name, '<name>')]
      }),
    )
    expect(refusals[0]).toEqual(refusals[1])
  })

  it('end-2 GET: anonymous callers pull where the setting allows it, with and without a token', async () => {
    const path = '/v2/demo/app/tags/list'
    expect((await ask(server.url, { path })).status).toBe(200)
    const { token } = tokenOf(
      await ask(server.url, { path: '/token?service=x&scope=repository%3Ademo%2Fapp%3Apull' }),
    )
    expect((await bearer(token, 'GET', path)).status).toBe(200)
  })

  it('catalog GET: needs its own scope', async () => {
    const weak = await bearer(
      tokenOf(await ask(server.url, { path: '/token' })).token,
      'GET',
      '/v2/_catalog',
    )
    expect(weak.headers['www-authenticate']).toContain('scope="registry:catalog:*"')
    const { token } = tokenOf(
      await ask(server.url, {
        path: '/token?scope=registry:catalog:*',
        headers: { authorization: basic(reader.name, reader.password) },
      }),
    )
    const listed = await bearer(token, 'GET', '/v2/_catalog')
    expect(listed.status).toBe(200)
    expect(readJson(listed)).toEqual({ repositories: ['demo/app'] })
  })
})

describe('the token service', () => {
  it('token GET: several scopes, repeated or joined, are granted as far as the role goes', async () => {
    const answer = await ask(server.url, {
      path: '/token?service=x&account=rita&client_id=docker&scope=repository:demo/app:pull,push&scope=repository:a:pull%20repository:b:push',
      headers: { authorization: basic(reader.name, reader.password) },
    })
    const token = tokenOf(answer)
    expect(token.scope.split(' ').toSorted()).toEqual([
      'repository:a:pull',
      'repository:demo/app:pull',
    ])
    expect(token.access_token).toBe(token.token)
    expect(token.expires_in).toBeGreaterThanOrEqual(60)
    expect(Number.isNaN(Date.parse(token.issued_at))).toBe(false)
    expect(token.refresh_token).toBeUndefined()
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  it('token GET: what docker login asks for works at /v2/ although it grants nothing', async () => {
    const answer = await ask(server.url, {
      path: '/token?account=wendy&client_id=docker&offline_token=true&service=x',
      headers: { authorization: basic(writer.name, writer.password) },
    })
    const token = tokenOf(answer)
    expect(token.refresh_token).toBeDefined()
    expect((await bearer(token.token, 'GET', '/v2/')).status).toBe(200)
  })

  it.each([
    ['a wrong password', basic(reader.name, 'wrong')],
    ['an unknown user', basic('nobody', 'nothing')],
    ['no Basic credentials', 'Bearer x'],
    ['base64 of nothing', 'Basic !!!'],
  ])('token GET: %s is 401', async (_, authorization) => {
    const answer = await ask(server.url, { path: '/token', headers: { authorization } })
    expect(answer.status).toBe(401)
    expect(errorCode(answer)).toBe('UNAUTHORIZED')
  })

  it('token POST: a password gets a refresh token, and that gets tokens', async () => {
    const first = tokenOf(
      await post({
        grant_type: 'password',
        username: writer.name,
        password: writer.password,
        service: 'x',
        client_id: 'test',
        access_type: 'offline',
        scope: 'repository:demo/app:pull,push',
      }),
    )
    expect(first.scope).toBe('repository:demo/app:pull,push')
    const second = tokenOf(
      await post(
        `grant_type=refresh_token&refresh_token=${first.refresh_token}&service=x&client_id=test&scope=repository:a:pull&scope=repository:b:pull`,
      ),
    )
    expect(second.scope.split(' ').toSorted()).toEqual(['repository:a:pull', 'repository:b:pull'])
    expect((await bearer(second.access_token, 'GET', '/v2/a/tags/list')).status).toBe(404)
  })

  it.each([
    ['a wrong password', 'grant_type=password&username=rita&password=wrong', 401],
    ['an invented refresh token', 'grant_type=refresh_token&refresh_token=x', 401],
    ['an unknown grant', 'grant_type=device', 400],
    ['no grant', '', 400],
    ['a missing field', 'grant_type=password&username=rita', 400],
    ['a form that is too large', `grant_type=password&pad=${'x'.repeat(20_000)}`, 400],
  ])('token POST: %s is %s', async (_, form, status) => {
    expect((await post(form)).status).toBe(status)
  })

  it('token PUT: is 405 with Allow', async () => {
    const answer = await ask(server.url, { method: 'PUT', path: '/token' })
    expect(answer).toMatchObject({ status: 405, headers: { allow: 'GET, POST' } })
  })
})
