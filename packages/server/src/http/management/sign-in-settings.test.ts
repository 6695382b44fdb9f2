import { afterEach, expect, test } from 'vitest'
import { testOidcProvider } from '../../access/oidc-test.ts'
import { basic } from '../../testing/http-client.ts'
import { openTestServer, type TestServer } from '../../testing/open-test-server.ts'

let berth: TestServer | undefined

afterEach(() => berth?.close())

const provider = {
  id: 'corp',
  name: 'Corp',
  issuer: 'https://127.0.0.1:1',
  clientId: 'berth',
  clientSecretFile: '/nowhere/secret',
}

test('settings are listed without secrets, and a test says what failed and what to do', async () => {
  berth = await openTestServer({
    access: {
      administrator: { name: 'admin', password: 'a long password of a test' },
      oidc: [provider],
      ldap: {
        urls: ['ldap://127.0.0.1:1'],
        insecure: true,
        bindDn: 'cn=berth',
        bindPassword: 'never shown',
        userBase: 'ou=people',
      },
    },
  })
  const { url } = berth
  const headers = {
    authorization: basic('admin', 'a long password of a test'),
    'content-type': 'application/json',
  }
  const listed = await fetch(`${url}/api/v1/system/sign-in`, { headers })
  const text = await listed.text()
  expect(JSON.parse(text)).toMatchObject({
    items: [
      {
        id: 'oidc:corp',
        hasClientSecret: true,
        redirectUri: `${url}/api/v1/auth/oidc/corp/callback`,
      },
      { id: 'ldap', bindDn: 'cn=berth', userBase: 'ou=people' },
    ],
  })
  expect(text).not.toContain('never shown')
  expect(text).not.toContain('/nowhere')
  const ways = await fetch(`${url}/api/v1/auth/providers`)
  expect(await ways.json()).toMatchObject({ ways: ['password', 'directory', 'provider'] })

  const run = async (id: string) => {
    const answer = await fetch(`${url}/api/v1/system/sign-in/${id}/test`, {
      method: 'POST',
      headers,
      body: '{}',
    })
    return { status: answer.status, body: await answer.json() }
  }
  expect(await run('ldap')).toMatchObject({
    status: 200,
    body: {
      passed: false,
      steps: [
        {
          name: 'connect',
          target: 'ldap://127.0.0.1:1',
          state: 'failed',
          message: expect.stringContaining('ECONNREFUSED'),
        },
      ],
    },
  })
  expect(await run('oidc:corp')).toMatchObject({
    body: {
      passed: false,
      steps: [
        { name: 'discovery', state: 'failed', message: expect.stringContaining('issuer') },
        { name: 'redirect', state: 'skipped', message: expect.stringContaining('/callback') },
      ],
    },
  })
  expect((await run('oidc:other')).status).toBe(404)
})

test('a provider whose clock is off, or that calls itself otherwise, is told so', async () => {
  const issuer = 'https://id.example'
  const settings = {
    ...provider,
    issuer,
    clientSecretFile: undefined,
    scopes: [],
    usernameClaim: 'name',
    groupsClaim: 'groups',
    signingAlgorithms: ['RS256' as const],
    requiredGroups: [],
    roleMappings: [],
    recheckHours: 0,
  }
  const metadata = {
    issuer,
    jwks_uri: `${issuer}/keys`,
    authorization_endpoint: `${issuer}/a`,
    token_endpoint: `${issuer}/t`,
  }
  const ask = (document: object, offMs: number) =>
    testOidcProvider({
      settings,
      redirectUri: 'https://berth.example/callback',
      now: Date.now,
      fetch: async (url) =>
        Response.json(url.endsWith('/keys') ? { keys: [{ kty: 'RSA' }] } : document, {
          headers: { date: new Date(Date.now() + offMs).toUTCString() },
        }),
    })
  const states = async (document: object, offMs: number) =>
    (await ask(document, offMs)).map(({ name, state }) => `${name} ${state}`)
  const good = ['discovery passed', 'keys passed', 'clock passed', 'client passed']
  expect(await states(metadata, 0)).toEqual([...good, 'redirect skipped'])
  expect(await states(metadata, 120_000)).toEqual([
    ...good.slice(0, 2),
    'clock failed',
    'redirect skipped',
  ])
  expect(await states({ ...metadata, issuer: `${issuer}/` }, 0)).toEqual([
    'discovery failed',
    'redirect skipped',
  ])
})
