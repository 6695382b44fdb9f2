import { createHmac } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportSPKI, importJWK } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openTestIssuer, type TestIssuer, type TestKey } from '../testing/open-test-issuer.ts'
import { type TrustedIssuer, WorkloadTokens } from './workload-tokens.ts'

const start = Date.UTC(2030, 0, 1)
const seconds = start / 1000
const refused = { kind: 'unauthenticated', details: [{ reason: 'invalidWorkloadToken' }] }

let issuer: TestIssuer
let key: TestKey
let now: number
let tokens: WorkloadTokens
beforeEach(async () => {
  issuer = await openTestIssuer()
  key = await issuer.addKey('k1')
  now = start
  tokens = open()
})
afterEach(() => issuer.close())

const open = (change: Partial<TrustedIssuer> = {}) =>
  new WorkloadTokens({
    issuers: [
      {
        issuer: issuer.url,
        audience: 'berth',
        jwksUrl: issuer.jwksUrl,
        algorithms: ['RS256', 'ES256'],
        maxTokenAgeSeconds: 3600,
        ...change,
      },
    ],
    fetch: (url, { redirect, signal }) => fetch(url, { redirect, signal }),
    now: () => now,
  })
const claims = (change: Record<string, unknown> = {}) => ({
  iss: issuer.url,
  aud: 'berth',
  sub: 'repo:acme/app',
  iat: seconds,
  exp: seconds + 300,
  ...change,
})
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('a workload token', () => {
  it('tells who its bearer is', async () => {
    const token = await key.sign(claims({ ref: 'main' }))
    expect(await tokens.verify(token)).toEqual({
      issuer: issuer.url,
      subject: 'repo:acme/app',
      claims: claims({ ref: 'main' }),
      expiresAt: start + 300_000,
    })
    const elliptic = await issuer.addKey('k2', 'ES256')
    now += 10_000
    expect(await tokens.verify(await elliptic.sign(claims()))).toMatchObject({ issuer: issuer.url })
  })

  it.each([
    ['another issuer', { iss: 'https://evil.example' }],
    ['no issuer', { iss: undefined }],
    ['an issuer with a slash more', { iss: 'slash' }],
    ['another audience', { aud: 'other' }],
    ['no audience', { aud: undefined }],
    ['an end that has come', { exp: seconds - 31 }],
    ['no end', { exp: undefined }],
    ['a beginning to come', { nbf: seconds + 31 }],
    ['a time of issue to come', { iat: seconds + 31 }],
    ['no time of issue', { iat: undefined }],
    ['too old a time of issue', { iat: seconds - 3631 }],
    ['no subject', { sub: undefined }],
    ['an empty subject', { sub: '' }],
    ['a subject with a line break', { sub: 'a\nb' }],
    ['too long a subject', { sub: 'a'.repeat(513) }],
    ['more than 16 KiB', { filler: 'a'.repeat(16 * 1024) }],
  ])('with %s is refused', async (_, change) => {
    const iss = 'iss' in change && change.iss === 'slash' ? { iss: `${issuer.url}/` } : {}
    const token = await key.sign(claims({ ...change, ...iss }))
    await expect(tokens.verify(token)).rejects.toMatchObject(refused)
  })

  it.each(['', 'x', 'a.b.c', 'berth_key_x', '..', `${encode({})}.${encode({})}.`])(
    'that is none (%j) is refused',
    async (token) => {
      await expect(tokens.verify(token)).rejects.toMatchObject(refused)
    },
  )

  it('without a signature (alg none) is refused', async () => {
    for (const alg of ['none', 'None', 'NONE', '']) {
      const token = `${encode({ alg, kid: 'k1' })}.${encode(claims())}.`
      await expect(tokens.verify(token)).rejects.toMatchObject(refused)
    }
  })

  it('signed by HMAC with the public key (algorithm confusion) is refused', async () => {
    const publicKey = await importJWK(key.publicJwk, 'RS256')
    if (publicKey instanceof Uint8Array) throw new Error('not a public key')
    for (const secret of [await exportSPKI(publicKey), JSON.stringify(key.publicJwk)]) {
      const content = `${encode({ alg: 'HS256', kid: 'k1' })}.${encode(claims())}`
      const signature = createHmac('sha256', secret).update(content).digest('base64url')
      await expect(tokens.verify(`${content}.${signature}`)).rejects.toMatchObject(refused)
    }
  })

  it('that brings its own key (jwk, x5c, jku: CVE-2025-24976) is refused', async () => {
    const evil = await openTestIssuer()
    try {
      const other = await evil.addKey('k1')
      for (const header of [
        { jwk: other.publicJwk },
        { jku: evil.jwksUrl },
        { x5u: evil.jwksUrl },
        { x5c: ['MIIB'] },
        { jwk: other.publicJwk, kid: 'k9' },
      ]) {
        await expect(tokens.verify(await other.sign(claims(), header))).rejects.toMatchObject(
          refused,
        )
      }
      expect(evil.asked()).toBe(0)
    } finally {
      await evil.close()
    }
  })

  it('that was altered, or signed by an algorithm that is not accepted, is refused', async () => {
    const [header, , signature] = (await key.sign(claims())).split('.')
    const altered = `${header}.${encode(claims({ sub: 'admin' }))}.${signature}`
    await expect(tokens.verify(altered)).rejects.toMatchObject(refused)
    tokens = open({ algorithms: ['ES256'] })
    await expect(tokens.verify(await key.sign(claims()))).rejects.toMatchObject(refused)
  })

  it('with a header that must be understood (crit) is refused', async () => {
    const content = `${encode({ alg: 'RS256', kid: 'k1', crit: ['x'], x: 1 })}.${encode(claims())}`
    const signature = await crypto.subtle.sign(
      'RSASSA-PKCS1-v1_5',
      key.privateKey,
      Buffer.from(content),
    )
    const token = `${content}.${Buffer.from(signature).toString('base64url')}`
    await expect(tokens.verify(token)).rejects.toMatchObject(refused)
  })

  it('needs no key id while there is one key, and one when there are several', async () => {
    const token = await key.sign(claims(), { kid: undefined })
    expect(await tokens.verify(token)).toMatchObject({ subject: 'repo:acme/app' })
    await issuer.addKey('k2')
    now += 600_000
    const next = await key.sign(claims({ exp: seconds + 900 }), {
      kid: undefined as unknown as string,
    })
    await expect(tokens.verify(next)).rejects.toMatchObject(refused)
  })
})

describe('the keys of an issuer', () => {
  it('are asked for once, and again for a key id that is new, but not at every try', async () => {
    const verify = async () => tokens.verify(await key.sign(claims()))
    await Promise.all([verify(), verify(), verify()])
    await verify()
    expect(issuer.asked()).toBe(1)
    const unknown = await key.sign(claims(), { kid: 'made-up' })
    for (let index = 0; index < 5; index += 1) {
      await expect(tokens.verify(unknown)).rejects.toMatchObject(refused)
    }
    expect(issuer.asked()).toBe(1)
    const second = await issuer.addKey('k2')
    now += 10_000
    expect(await tokens.verify(await second.sign(claims()))).toMatchObject({ issuer: issuer.url })
    expect(issuer.asked()).toBe(2)
  })

  it('that are withdrawn are no longer good after ten minutes', async () => {
    const late = claims({ exp: seconds + 3000 })
    await tokens.verify(await key.sign(late))
    issuer.published.keys.splice(0)
    await issuer.addKey('k2')
    now += 599_999
    await tokens.verify(await key.sign(late))
    now += 1
    await expect(tokens.verify(await key.sign(late))).rejects.toMatchObject(refused)
  })

  it('are good for a day while the issuer does not answer', async () => {
    tokens = open({ maxTokenAgeSeconds: 200_000 })
    const token = await key.sign(claims({ exp: seconds + 200_000 }))
    await tokens.verify(token)
    issuer.published.status = 500
    now += 86_400_000 - 1
    expect(await tokens.verify(token)).toMatchObject({ issuer: issuer.url })
    now += 10_000
    await expect(tokens.verify(token)).rejects.toMatchObject({ kind: 'unavailable' })
    issuer.published.status = 200
    await expect(tokens.verify(token)).rejects.toMatchObject({ kind: 'unavailable' })
    now += 10_000
    expect(await tokens.verify(token)).toMatchObject({ issuer: issuer.url })
  })

  it('that never came are unavailable, as are those that are no keys', async () => {
    const token = await key.sign(claims())
    for (const broken of [
      () => (issuer.published.status = 302),
      () => Object.assign(issuer.published, { status: 200, keys: 'none' }),
      () => Object.assign(issuer.published, { keys: Array(101).fill(key.publicJwk) }),
    ]) {
      broken()
      await expect(open().verify(token)).rejects.toMatchObject({ kind: 'unavailable' })
    }
  })

  it('are found through the discovery document of the issuer', async () => {
    tokens = open({ jwksUrl: undefined })
    expect(await tokens.verify(await key.sign(claims()))).toMatchObject({ issuer: issuer.url })
    const other = open({ jwksUrl: undefined, issuer: `${issuer.url}/` })
    const token = await key.sign(claims({ iss: `${issuer.url}/` }))
    await expect(other.verify(token)).rejects.toMatchObject({ kind: 'unavailable' })
  })

  it('come from a file where the issuer cannot be reached, and are read again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'berth-keys-'))
    try {
      const jwksFile = join(folder, 'keys.json')
      await writeFile(jwksFile, JSON.stringify({ keys: [key.publicJwk] }))
      tokens = open({ jwksUrl: undefined, jwksFile })
      expect(await tokens.verify(await key.sign(claims()))).toMatchObject({ issuer: issuer.url })
      expect(issuer.asked()).toBe(0)
      const second = await issuer.addKey('k1')
      await writeFile(jwksFile, JSON.stringify({ keys: [second.publicJwk] }))
      now += 10_000
      expect(await tokens.verify(await second.sign(claims()))).toMatchObject({ issuer: issuer.url })
      await expect(tokens.verify(await key.sign(claims()))).rejects.toMatchObject(refused)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
