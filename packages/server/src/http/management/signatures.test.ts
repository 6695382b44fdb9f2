import { exportPublicKey } from '@berth/signing/keys.ts'
import { referrerManifest, tagManifest } from '@berth/signing/publish.ts'
import { signImage, signImageForTag } from '@berth/signing/sign.ts'
import { localSigner } from '@berth/signing/signer.ts'
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openTestServer, type TestServer } from '../../testing/open-test-server.ts'

type Verdicts = {
  digest: string
  signedBy: string[]
  items: { source: string; state: string; identity: string; reason: string; message: string }[]
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json'
let server: TestServer

beforeEach(async () => {
  server = await openTestServer()
})

afterEach(() => server.close())

async function send(
  method: string,
  path: string,
  options: {
    body?: unknown
    raw?: Uint8Array
    type?: string
    as?: { name: string; password: string }
  } = {},
): Promise<{ status: number; body: unknown }> {
  const { name, password } = options.as ?? server.admin
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
      ...(options.body !== undefined && { 'content-type': 'application/json' }),
      ...(options.type !== undefined && { 'content-type': options.type }),
    },
    body:
      options.raw !== undefined
        ? new Uint8Array(options.raw)
        : options.body === undefined
          ? null
          : JSON.stringify(options.body),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true
  return { status: response.status, body: isJson && text !== '' ? JSON.parse(text) : text }
}

const api = (method: string, path: string, body?: unknown) =>
  send(method, `/api/v1${path}`, body === undefined ? {} : { body })

async function pushBlob(repository: string, bytes: Buffer): Promise<string> {
  const digest = sha256(bytes)
  const { status } = await send('POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`, {
    raw: bytes,
    type: 'application/octet-stream',
  })
  expect(status).toBe(201)
  return digest
}

async function pushImage(
  repository: string,
  tag: string,
): Promise<{ digest: string; size: number }> {
  const config = Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', tag }))
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: await pushBlob(repository, config),
        size: config.length,
      },
      layers: [],
    }),
  )
  const put = await send('PUT', `/v2/${repository}/manifests/${tag}`, {
    raw: manifest,
    type: manifestType,
  })
  expect(put.status).toBe(201)
  return { digest: sha256(manifest), size: manifest.length }
}

async function pushSignature(
  repository: string,
  image: { digest: string; size: number },
  key: KeyObject,
  subject = image.digest,
): Promise<string> {
  const artifact = await signImage({ subject: { digest: subject }, signer: localSigner(key) })
  const { blobs, manifest, mediaType, digest } = referrerManifest(
    artifact,
    { mediaType: manifestType, digest: image.digest as never, size: image.size },
    new Date(),
  )
  for (const blob of blobs) await pushBlob(repository, blob.bytes)
  const put = await send('PUT', `/v2/${repository}/manifests/${digest}`, {
    raw: manifest,
    type: mediaType,
  })
  expect(put.status).toBe(201)
  return digest
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const keyIdentity = (name: string, key: KeyObject) => ({
  name,
  identity: { kind: 'key', publicKey: exportPublicKey(key) },
})

/** What the job has found, once it has. */
async function verdicts(
  repository: string,
  reference: string,
  until: (found: Verdicts) => boolean,
): Promise<Verdicts> {
  const path = `/repositories/${encodeURIComponent(repository)}/manifests/${reference}/signatures`
  const deadline = Date.now() + 15_000
  for (;;) {
    const { status, body } = await api('GET', path)
    expect(status).toBe(200)
    if (until(body as Verdicts)) return body as Verdicts
    if (Date.now() > deadline) throw new Error(`not as awaited: ${JSON.stringify(body)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

describe('signatures in the management API', () => {
  test('a signature that arrives is judged without being asked for, and counts for those who are trusted only', async () => {
    const key = newKey()
    await api('POST', '/projects', { name: 'acme' })
    const image = await pushImage('acme/app', 'v1')
    await pushSignature('acme/app', image, key)
    const unknown = await verdicts('acme/app', 'v1', ({ items }) => items.length === 1)
    expect(unknown).toMatchObject({ digest: image.digest, signedBy: [] })
    expect(unknown.items[0]).toMatchObject({ state: 'refused', reason: 'no-trusted-identity' })

    expect(
      (await api('POST', '/projects/acme/trusted-identities', keyIdentity('release', key))).status,
    ).toBe(201)
    const known = await verdicts('acme/app', 'v1', ({ signedBy }) => signedBy.length > 0)
    expect(known.signedBy).toEqual(['release'])

    expect((await api('DELETE', '/projects/acme/trusted-identities/release')).status).toBe(204)
    // At once, and not only when the job has come to it.
    const gone = await verdicts('acme/app', 'v1', () => true)
    expect(gone).toMatchObject({ signedBy: [], items: [{ state: 'refused' }] })
  })

  test('a signature of another image does not count, and goes when it is deleted', async () => {
    const key = newKey()
    await api('POST', '/system/trusted-identities', keyIdentity('release', key))
    const image = await pushImage('moved', 'v1')
    const other = await pushImage('moved', 'v2')
    const source = await pushSignature('moved', image, key, other.digest)
    const found = await verdicts('moved', 'v1', ({ items }) => items.length === 1)
    expect(found).toMatchObject({ signedBy: [], items: [{ reason: 'subject-mismatch' }] })
    expect((await send('DELETE', `/v2/moved/manifests/${source}`)).status).toBe(202)
    expect((await verdicts('moved', 'v1', () => true)).items).toEqual([])
  })

  test('the tags of cosign before version 3 are found', async () => {
    const key = newKey()
    await api('POST', '/system/trusted-identities', keyIdentity('release', key))
    const image = await pushImage('old/app', 'v1')
    const artifact = await signImageForTag({
      subject: image,
      signer: localSigner(key),
      reference: 'old/app',
    })
    const { blobs, manifest, mediaType } = tagManifest(artifact, undefined)
    for (const blob of blobs) await pushBlob('old/app', blob.bytes)
    const tag = `${image.digest.replace(':', '-')}.sig`
    expect(
      (await send('PUT', `/v2/old/app/manifests/${tag}`, { raw: manifest, type: mediaType }))
        .status,
    ).toBe(201)
    const found = await verdicts('old/app', 'v1', ({ signedBy }) => signedBy.length > 0)
    expect(found.signedBy).toEqual(['release'])
  })

  test('Berth signs with a key that it holds, for maintainers, until the key is retired', async () => {
    await api('POST', '/projects', { name: 'acme' })
    const image = await pushImage('acme/app', 'v1')
    const made = await api('POST', '/projects/acme/signing-keys', { name: 'release' })
    expect(made).toMatchObject({ status: 201, body: { algorithm: 'ecdsa-p256', retiredAt: null } })
    expect(JSON.stringify(made.body)).not.toContain('PRIVATE')
    const path = '/repositories/acme%2Fapp/manifests/v1/signatures'
    const signed = await api('POST', path, { key: 'release', annotations: { build: '7' } })
    expect(signed).toMatchObject({ status: 201, body: { digest: image.digest } })
    expect((await api('GET', path)).body).toMatchObject({ signedBy: ['release'] })

    const developer = { name: 'dora', password: 'a long password of a developer' }
    await server.createUser(developer.name, developer.password, 'developer')
    const refused = await send('POST', `/api/v1${path}`, {
      body: { key: 'release' },
      as: developer,
    })
    expect(refused.status).toBe(403)

    expect((await api('DELETE', '/projects/acme/signing-keys/release')).status).toBe(204)
    const retired = await api('POST', path, { key: 'release' })
    expect(retired).toMatchObject({ status: 409 })
    // What it signed still counts: the identity is trusted for as long as nobody removes it.
    expect((await api('GET', path)).body).toMatchObject({ signedBy: ['release'] })
  })

  test('what cannot be a key, a certificate or a root is refused with its field, and nothing changes', async () => {
    const wrong = await api('POST', '/system/trusted-identities', {
      name: 'bad',
      identity: { kind: 'key', publicKey: 'not a key' },
    })
    expect(wrong).toMatchObject({ status: 400 })
    expect(JSON.stringify(wrong.body)).toContain('identity.publicKey')
    const root = await api('PUT', '/system/trusted-roots/own', { document: '{"mediaType":"x"}' })
    expect(root).toMatchObject({ status: 400 })
    expect(JSON.stringify(root.body)).toContain('mediaType')
    expect((await api('GET', '/system/trusted-identities')).body).toEqual({ items: [] })
    expect((await api('GET', '/system/trusted-roots')).body).toEqual({ items: [] })
  })
})
