import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Berth, startBerth } from '../tools/berth.ts'
import { type OidcProvider, signInAtProvider, startOidcProvider } from '../tools/oidc-provider.ts'
import { callApi, callAsAdmin, cookiesOf } from './api.ts'
import { dockerLogin } from './login.ts'

/** Where people reach this Berth; the tests talk to it behind that address. */
const externalUrl = 'https://berth.example'
const callback = `${externalUrl}/api/v1/auth/oidc/corp/callback`

type SessionBody = {
  role: string | null
  user: { name: string; source: string } | null
  session: { csrfToken: string } | null
}

describe('single sign-on with oidc-provider', () => {
  let provider: OidcProvider
  let berth: Berth
  beforeAll(async () => {
    provider = await startOidcProvider({
      users: { 'id-1': { preferred_username: 'alice', groups: ['developers'] } },
      clients: [{ id: 'berth', redirectUris: [callback] }],
    })
    berth = await startBerth({
      config: {
        access: {
          oidc: [
            {
              id: 'corp',
              name: 'Corporation',
              issuer: provider.issuer,
              clientId: 'berth',
              scopes: ['profile', 'groups'],
              requiredGroups: ['developers', 'admins'],
              roleMappings: [
                { group: 'admins', role: 'admin' },
                { group: 'developers', role: 'developer' },
              ],
            },
          ],
        },
        outbound: { allowedNetworks: ['127.0.0.1'], caFile: provider.caFile },
      },
      env: { BERTH_HTTP__EXTERNAL_URL: externalUrl },
    })
  })
  afterAll(async () => {
    await berth?.stop()
    await provider?.stop()
  })

  const start = (returnTo = '/projects') =>
    callApi(berth, 'GET', `/auth/oidc/corp/start?returnTo=${encodeURIComponent(returnTo)}`)

  async function comeBack(user: string, change: (url: URL) => void = () => undefined) {
    const started = await start()
    const back = new URL(
      await signInAtProvider(provider, started.headers.get('location') ?? '', user),
    )
    expect(back.href.startsWith(callback)).toBe(true)
    change(back)
    const path = back.pathname.replace('/api/v1', '') + back.search
    return callApi(berth, 'GET', path, { headers: { cookie: cookiesOf(started) } })
  }

  async function sessionOf(cookie: string) {
    const { status, body } = await callApi(berth, 'GET', '/session', { headers: { cookie } })
    return { status, body: body as SessionBody }
  }

  it('offers the provider', async () => {
    const { status, body } = await callApi(berth, 'GET', '/auth/providers')
    expect({ status, body }).toEqual({
      status: 200,
      body: { ways: ['password', 'provider'], items: [{ id: 'corp', name: 'Corporation' }] },
    })
  })

  it('signs somebody in with a session, and sends them where they wanted to go', async () => {
    const answer = await comeBack('id-1')
    expect(answer.status).toBe(303)
    expect(answer.headers.get('location')).toBe('/projects')
    const lines = answer.headers.getSetCookie()
    expect(lines.find((line) => line.startsWith('__Host-berth_session='))).toMatch(
      /HttpOnly.*SameSite=Lax.*Secure/,
    )
    expect(lines.find((line) => line.startsWith('__Host-berth_oidc=;'))).toContain('Max-Age=0')
    const { status, body } = await sessionOf(cookiesOf(answer))
    expect(status).toBe(200)
    expect(body).toMatchObject({
      role: 'developer',
      user: { name: 'alice', source: 'oidc:corp' },
      session: { csrfToken: expect.any(String) },
    })
  })

  it('gives the role of the groups at each sign-in, to sessions that are open already too', async () => {
    const before = cookiesOf(await comeBack('id-1'))
    expect((await sessionOf(before)).body.role).toBe('developer')
    await provider.setUser('id-1', { preferred_username: 'alice', groups: ['admins'] })
    await comeBack('id-1')
    expect((await sessionOf(before)).body.role).toBe('admin')
    await provider.setUser('id-1', { preferred_username: 'alice', groups: ['developers'] })
    await comeBack('id-1')
    expect((await sessionOf(before)).body.role).toBe('developer')
  })

  it('refuses who is in no required group', async () => {
    await provider.setUser('id-2', { preferred_username: 'bob', groups: ['guests'] })
    const answer = await comeBack('id-2')
    expect(answer.status).toBe(403)
    expect(cookiesOf(answer)).toBe('')
    expect((await callAsAdmin(berth, 'GET', '/users/bob')).status).toBe(404)
  })

  it('ends the session of a disabled user, and lets them in no more', async () => {
    await provider.setUser('id-3', { preferred_username: 'carol', groups: ['developers'] })
    const cookie = cookiesOf(await comeBack('id-3'))
    expect((await sessionOf(cookie)).status).toBe(200)
    const disabled = await callAsAdmin(berth, 'PATCH', '/users/carol', { disabled: true })
    expect(disabled.status).toBe(200)
    expect((await sessionOf(cookie)).status).toBe(401)
    expect((await comeBack('id-3')).status).toBe(403)
  })

  it('lets docker log in with a key that a device was given, until the user is disabled', async () => {
    await provider.setUser('id-4', { preferred_username: 'dora', groups: ['developers'] })
    const cookie = cookiesOf(await comeBack('id-4'))
    const { session } = (await sessionOf(cookie)).body
    const started = await callApi(berth, 'POST', '/auth/device', { body: { clientName: 'cli' } })
    const { deviceCode, userCode } = started.body as { deviceCode: string; userCode: string }
    const approved = await callApi(berth, 'POST', '/auth/device/approve', {
      headers: { cookie, 'x-berth-csrf': session?.csrfToken ?? '' },
      body: { userCode, approve: true },
    })
    expect(approved.status).toBe(204)
    const redeemed = await callApi(berth, 'POST', '/auth/device/token', { body: { deviceCode } })
    const { accessToken: password } = redeemed.body as { accessToken: string }
    expect(await dockerLogin(berth, { name: 'dora', password })).toBe(200)
    await callAsAdmin(berth, 'PATCH', '/users/dora', { disabled: true })
    expect(await dockerLogin(berth, { name: 'dora', password })).toBe(401)
  })

  it('belongs to the browser that began it', async () => {
    const wrongState = await comeBack('id-1', (url) => url.searchParams.set('state', 'x'))
    expect(wrongState.status).toBe(400)
    const otherIssuer = await comeBack('id-1', (url) =>
      url.searchParams.set('iss', 'https://evil.example'),
    )
    expect(otherIssuer.status).toBe(403)
    const withoutCookie = await callApi(berth, 'GET', '/auth/oidc/corp/callback?state=x&code=y')
    expect(withoutCookie.status).toBe(400)
    for (const answer of [wrongState, otherIssuer, withoutCookie]) {
      expect(cookiesOf(answer)).toBe('')
    }
  })

  it.each(['//evil.example', '/\\evil.example', '/%5cevil.example', 'https://evil.example'])(
    'CVE class open redirect: does not go to %s',
    async (returnTo) => {
      expect((await start(returnTo)).status).toBe(400)
    },
  )

  it('knows no other provider', async () => {
    expect((await callApi(berth, 'GET', '/auth/oidc/other/start')).status).toBe(404)
  })
})
