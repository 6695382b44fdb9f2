import { createHmac, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { configSchema } from '../config/schema.ts'
import { ensureSelfSigned } from '../http/self-signed.ts'
import { Outbound } from '../outbound/outbound.ts'
import { OidcSignIn } from './oidc.ts'

const callback = 'https://berth.example/api/v1/auth/oidc/evil/callback'
const from = { address: '192.0.2.7', requestId: 'r1' }
const clientId = 'berth'
const denied = { kind: 'denied' }
const unavailable = { kind: 'unavailable' }

type Keys = Awaited<ReturnType<typeof generateKeyPair>>
type Claims = Record<string, unknown>

const base64 = (value: string | Uint8Array) => Buffer.from(value).toString('base64url')

/** A provider that can be told to lie in any way. */
describe('OidcSignIn with a malicious provider', () => {
  let folder = ''
  let caFile = ''
  let server: Server
  let issuer = ''
  let keys: Keys
  let otherKeys: Keys
  let nonce = ''
  let makeToken: (claims: Claims) => Promise<string> | string
  let metadata: Claims = {}
  let userinfo: Claims = {}
  let answer: ((path: string, response: ServerResponse) => boolean) | undefined

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-oidc-tricks-'))
    caFile = (await ensureSelfSigned(folder, [], new Date())).caCertificateFile
    keys = await generateKeyPair('RS256', { extractable: true })
    otherKeys = await generateKeyPair('RS256')
    server = createServer(
      {
        key: await readFile(join(folder, 'server-key.pem')),
        cert: await readFile(join(folder, 'server.pem')),
      },
      (request, response) => {
        void serve(request, response)
      },
    )
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    issuer = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
    await rm(folder, { recursive: true, force: true })
  })
  beforeEach(() => {
    metadata = {}
    userinfo = { sub: 'id-1' }
    answer = undefined
    makeToken = (claims) => sign(claims)
  })

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? ''
    if (answer?.(path, response)) return
    response.setHeader('content-type', 'application/json')
    if (path === '/.well-known/openid-configuration') {
      const found = {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        userinfo_endpoint: `${issuer}/userinfo`,
        jwks_uri: `${issuer}/keys`,
        id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none'],
        ...metadata,
      }
      response.end(JSON.stringify(found))
    } else if (path === '/keys') {
      const key = { ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }
      response.end(JSON.stringify({ keys: [key] }))
    } else if (path === '/userinfo') {
      response.end(JSON.stringify(userinfo))
    } else {
      const token = await makeToken(goodClaims())
      const body = { access_token: 'a', token_type: 'Bearer', id_token: token || undefined }
      response.end(JSON.stringify(body))
    }
  }

  function goodClaims(): Claims {
    const now = Math.floor(Date.now() / 1000)
    return {
      iss: issuer,
      sub: 'id-1',
      aud: clientId,
      nonce,
      iat: now,
      exp: now + 300,
      preferred_username: 'alice',
      groups: ['team'],
    }
  }

  function sign(claims: Claims, header: Claims = {}, key = keys.privateKey): Promise<string> {
    return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'k1', ...header }).sign(key)
  }

  /** A token with any header, its signature made as told. */
  function craft(header: Claims, claims: Claims, signature: (text: string) => string): string {
    const text = `${base64(JSON.stringify(header))}.${base64(JSON.stringify(claims))}`
    return `${text}.${signature(text)}`
  }

  const hmac = (key: string | Uint8Array) => (text: string) =>
    base64(createHmac('sha256', key).update(text).digest())

  async function signIn(more: object = {}): Promise<string> {
    const { access, outbound: defaults } = configSchema.parse({
      access: { oidc: [{ id: 'evil', name: 'Evil', issuer, clientId, ...more }] },
    })
    const outbound = new Outbound({
      settings: { ...defaults, allowedNetworks: ['127.0.0.1'], caFile },
    })
    const signIns = new OidcSignIn({
      providers: access.oidc,
      fetch: (url, request) => outbound.fetch(url, request),
      ticketKey: randomBytes(32),
      signInExternal: (identity) =>
        Promise.resolve({ id: `${identity.externalId} ${identity.groups.join()}` }),
      now: Date.now,
    })
    const started = await signIns.start({
      provider: 'evil',
      returnTo: undefined,
      callbackUrl: callback,
    })
    const query = new URL(started.location).searchParams
    nonce = query.get('nonce') ?? ''
    const callbackUrl = new URL(callback)
    callbackUrl.searchParams.set('state', query.get('state') ?? '')
    callbackUrl.searchParams.set('code', 'c')
    const { ticket } = started
    return (await signIns.finish({ provider: 'evil', ticket, callbackUrl, from })).userId
  }

  it('takes a good token, so that what follows means something', async () => {
    expect(await signIn()).toBe('id-1 team')
    makeToken = (claims) => sign({ ...claims, aud: [clientId, 'other'], azp: clientId })
    expect(await signIn()).toBe('id-1 team')
  })

  it.each<[string, (claims: Claims) => Claims]>([
    ['another issuer', () => ({ iss: 'https://accounts.example' })],
    ['an issuer that only looks alike', () => ({ iss: `${issuer}/` })],
    ['another audience', () => ({ aud: 'other' })],
    ['no audience', () => ({ aud: undefined })],
    ['several audiences and no authorized party', () => ({ aud: [clientId, 'other'] })],
    ['another authorized party', () => ({ azp: 'other' })],
    ['another nonce', () => ({ nonce: 'other' })],
    ['no nonce', () => ({ nonce: undefined })],
    ['an end in the past', ({ iat }) => ({ exp: Number(iat) - 60, iat: Number(iat) - 120 })],
    ['no end', () => ({ exp: undefined })],
    ['an end that is no number', () => ({ exp: '9999999999' })],
    ['no time of issue', () => ({ iat: undefined })],
    ['a time of issue in the future', ({ iat }) => ({ iat: Number(iat) + 600 })],
    ['a validity that has not begun', ({ iat }) => ({ nbf: Number(iat) + 600 })],
    ['no subject', () => ({ sub: undefined })],
    ['a subject that is no text', () => ({ sub: 7 })],
  ])('refuses a token with %s', async (_name, change) => {
    makeToken = (claims) => sign({ ...claims, ...change(claims) })
    await expect(signIn()).rejects.toMatchObject(denied)
  })

  it('CVE class JWT key injection: refuses every trick with the signature', async () => {
    const pem = await exportSPKI(keys.publicKey)
    const jwk = await exportJWK(keys.publicKey)
    const ownKey = await exportJWK(otherKeys.publicKey)
    const none = () => ''
    const tricks: ((claims: Claims) => Promise<string> | string)[] = [
      (claims) => craft({ alg: 'none' }, claims, none),
      (claims) => craft({ alg: 'None' }, claims, none),
      (claims) => craft({ alg: 'HS256', kid: 'k1' }, claims, hmac(pem)),
      (claims) => craft({ alg: 'HS256', kid: 'k1' }, claims, hmac(JSON.stringify(jwk))),
      (claims) => craft({ alg: 'HS256' }, claims, hmac(clientId)),
      (claims) => craft({ alg: 'RS256', kid: 'k1' }, claims, none),
      (claims) => craft({ kid: 'k1' }, claims, none),
      (claims) => sign(claims, {}, otherKeys.privateKey),
      (claims) => sign(claims, { kid: 'unknown' }, otherKeys.privateKey),
      (claims) => sign(claims, { jwk: ownKey }, otherKeys.privateKey),
      (claims) => sign(claims, { jku: `${issuer}/own`, kid: 'own' }, otherKeys.privateKey),
      async (claims) => `${await sign(claims)}x`,
      async (claims) => {
        const [header = '', , signature = ''] = (await sign(claims)).split('.')
        return [header, base64(JSON.stringify({ ...claims, sub: 'root' })), signature].join('.')
      },
      () => 'not.a.token',
      () => '',
    ]
    for (const [index, trick] of tricks.entries()) {
      makeToken = trick
      await expect(signIn(), `trick ${index}`).rejects.toMatchObject(denied)
    }
  })

  it('takes only the algorithms of the settings', async () => {
    await expect(signIn({ signingAlgorithms: ['ES256'] })).rejects.toMatchObject(unavailable)
    metadata = { id_token_signing_alg_values_supported: ['RS256', 'ES256'] }
    await expect(signIn({ signingAlgorithms: ['ES256'] })).rejects.toMatchObject(denied)
  })

  it('refuses userinfo about somebody else, and lets it overrule nothing', async () => {
    makeToken = ({ groups: _groups, ...claims }) => sign(claims)
    userinfo = { sub: 'id-1', groups: ['from-userinfo'] }
    expect(await signIn()).toBe('id-1 from-userinfo')
    userinfo = { sub: 'id-2', groups: ['admins'] }
    await expect(signIn()).rejects.toMatchObject(denied)
  })

  it('refuses more groups than can be true', async () => {
    const groups = Array.from({ length: 1001 }, (_, index) => `g${index}`)
    makeToken = (claims) => sign({ ...claims, groups })
    await expect(signIn()).rejects.toMatchObject(denied)
  })

  it.each<[string, () => Claims]>([
    ['of another issuer', () => ({ issuer: 'https://accounts.example' })],
    ['with a plain address', () => ({ token_endpoint: issuer.replace('https:', 'http:') })],
    ['that lead inside', () => ({ token_endpoint: 'https://169.254.169.254/token' })],
  ])('CVE class SSRF: gets nowhere with metadata %s', async (_name, lies) => {
    metadata = lies()
    await expect(signIn()).rejects.toMatchObject({ kind: expect.stringMatching(/denied|unavail/) })
  })

  it.each(['/token', '/keys', '/.well-known/openid-configuration'])(
    'follows no redirect from %s, and reads no endless answer',
    async (target) => {
      for (const lie of [
        (response: ServerResponse) =>
          response.writeHead(307, { location: `${issuer}/elsewhere` }).end(),
        (response: ServerResponse) => response.end(Buffer.alloc(2 * 1024 * 1024, 0x20)),
        (response: ServerResponse) => response.writeHead(500).end('{'),
      ]) {
        const asked: string[] = []
        answer = (path, response) => {
          asked.push(path)
          if (path !== target) return false
          lie(response)
          return true
        }
        await expect(signIn()).rejects.toMatchObject({
          kind: expect.stringMatching(/denied|unavail/),
        })
        expect(asked).not.toContain('/elsewhere')
        expect(asked).toContain(target)
      }
    },
  )
})
