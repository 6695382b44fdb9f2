import { randomBytes } from 'node:crypto'
import type { ErrorEnvelope } from '@berth/oci/error-code.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  artifact,
  basic,
  digestOf,
  errorCode,
  exchangeBytes,
  readJson,
  RegistryClient,
} from '../../testing/http-client.ts'
import { openTestServer, type TestServer } from '../../testing/open-test-server.ts'

let server: TestServer
let client: RegistryClient
const imageType = 'application/vnd.oci.image.manifest.v1+json'
const indexType = 'application/vnd.oci.image.index.v1+json'
const repository = 'demo/app'
const path = (reference: string) => `/v2/${repository}/manifests/${reference}`

beforeAll(async () => {
  server = await openTestServer()
  client = new RegistryClient(server.url, server.admin)
  await client.pushBlob(repository, '{}')
})
afterAll(() => server.close())

describe('manifests', () => {
  it('end-7a PUT: by tag answers where the manifest is, and it comes back byte for byte', async () => {
    const text = `  ${JSON.stringify(artifact({ unknown: { kept: true } }), undefined, 3)}\n`
    const pushed = await client.pushManifest(repository, 'v1', text)
    expect(pushed.status).toBe(201)
    expect(pushed.headers).toMatchObject({
      location: path(digestOf(text)),
      'docker-content-digest': digestOf(text),
      'content-length': '0',
    })
    for (const reference of ['v1', digestOf(text)]) {
      const answer = await client.send('GET', path(reference))
      expect(answer.status).toBe(200)
      expect(answer.body.toString()).toBe(text)
      expect(answer.headers).toMatchObject({
        'content-type': imageType,
        'content-length': String(text.length),
        'docker-content-digest': digestOf(text),
        etag: `"${digestOf(text)}"`,
      })
    }
  })

  it('end-3 HEAD: has the headers of GET and no body', async () => {
    const text = JSON.stringify(artifact())
    await client.pushManifest(repository, 'head', text)
    const answer = await client.send('HEAD', path('head'))
    expect(answer.status).toBe(200)
    expect(answer.body).toHaveLength(0)
    expect(answer.headers).toMatchObject({
      'content-type': imageType,
      'content-length': String(text.length),
      'docker-content-digest': digestOf(text),
    })
  })

  it('end-3 GET: a tag must be asked about again, a digest never', async () => {
    const text = JSON.stringify(artifact())
    await client.pushManifest(repository, 'cache', text)
    const byTag = await client.send('GET', path('cache'))
    expect(byTag.headers['cache-control']).toBe('no-cache')
    const byDigest = await client.send('GET', path(digestOf(text)))
    expect(byDigest.headers['cache-control']).toBe('private, max-age=31536000, immutable')
  })

  it.each(['GET', 'HEAD'])(
    'end-3 %s: If-None-Match with the digest answers 304',
    async (method) => {
      const text = JSON.stringify(artifact())
      await client.pushManifest(repository, 'etag', text)
      const headers = { 'if-none-match': `"${digestOf(text)}"` }
      const answer = await client.send(method, path('etag'), { headers })
      expect(answer.status).toBe(304)
      expect(answer.body).toHaveLength(0)
      expect(answer.headers).toMatchObject({
        etag: `"${digestOf(text)}"`,
        'docker-content-digest': digestOf(text),
      })
    },
  )

  it('end-3 GET: an Accept that names other types changes nothing', async () => {
    await client.pushManifest(repository, 'accept', JSON.stringify(artifact()))
    const answer = await client.send('GET', path('accept'), { headers: { accept: 'text/html' } })
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': imageType } })
  })

  it('end-3 GET: a query that proxies and containerd add is ignored', async () => {
    await client.pushManifest(repository, 'ns', JSON.stringify(artifact()))
    expect((await client.send('GET', `${path('ns')}?ns=docker.io`)).status).toBe(200)
  })

  it.each([
    ['never', 404, 'MANIFEST_UNKNOWN'],
    [digestOf('never'), 404, 'MANIFEST_UNKNOWN'],
    ['sha256:baddigeststring', 400, 'DIGEST_INVALID'],
    ['-x', 400, 'TAG_INVALID'],
    ['x'.repeat(129), 400, 'TAG_INVALID'],
    ['%C3%A4', 400, 'TAG_INVALID'],
  ])('end-3 GET: the reference %s answers %i %s', async (reference, status, code) => {
    const answer = await client.send('GET', path(reference))
    expect(answer.status).toBe(status)
    expect(errorCode(answer)).toBe(code)
  })

  it('end-3 GET: an unknown repository is NAME_UNKNOWN', async () => {
    const answer = await client.send('GET', '/v2/demo/never/manifests/latest')
    expect(answer.status).toBe(404)
    expect(errorCode(answer)).toBe('NAME_UNKNOWN')
  })

  it('end-7a PUT: parameters of the Content-Type are cut off', async () => {
    const text = JSON.stringify(artifact())
    const pushed = await client.pushManifest(
      repository,
      'charset',
      text,
      `${imageType}; charset=utf-8`,
    )
    expect(pushed.status).toBe(201)
    expect((await client.send('GET', path('charset'))).headers['content-type']).toBe(imageType)
  })

  it('end-7a PUT: by digest keeps the algorithm of the client', async () => {
    const text = JSON.stringify(artifact({ annotations: { algorithm: 'sha512' } }))
    const digest = digestOf(text, 'sha512')
    const pushed = await client.pushManifest(repository, digest, text)
    expect(pushed).toMatchObject({ status: 201, headers: { 'docker-content-digest': digest } })
    const answer = await client.send('GET', path(digest))
    expect(answer).toMatchObject({ status: 200, headers: { 'docker-content-digest': digest } })
  })

  it('end-7a PUT: by a digest of other bytes, or by none, answers DIGEST_INVALID', async () => {
    for (const digest of [digestOf('other'), 'sha256:baddigeststring']) {
      const answer = await client.pushManifest(repository, digest, artifact())
      expect(answer.status).toBe(400)
      expect(errorCode(answer)).toBe('DIGEST_INVALID')
    }
  })

  it.each([
    ['is no JSON', '{'],
    ['contradicts the Content-Type', JSON.stringify({ ...artifact(), mediaType: indexType })],
    ['is schema 1', JSON.stringify({ schemaVersion: 1, name: 'x', tag: 'y', fsLayers: [] })],
    ['is nested without end', '['.repeat(100_000)],
  ])('end-7a PUT: a manifest that %s answers MANIFEST_INVALID', async (_, text) => {
    const answer = await client.pushManifest(repository, 'bad', text)
    expect(answer.status).toBe(400)
    expect(errorCode(answer)).toBe('MANIFEST_INVALID')
  })

  it('end-7a PUT: names every blob that is missing', async () => {
    const missing = [digestOf('one'), digestOf('two')]
    const layers = missing.map((digest) => ({ mediaType: 'application/x', digest, size: 3 }))
    const answer = await client.pushManifest(repository, 'missing', artifact({ layers }))
    expect(answer.status).toBe(400)
    const { errors } = readJson<ErrorEnvelope>(answer)
    expect(errors.map((error) => error.code)).toEqual(missing.map(() => 'MANIFEST_BLOB_UNKNOWN'))
    expect(errors.map((error) => String(error.detail)).toSorted()).toEqual(missing.toSorted())
  })

  it('end-7a PUT: a subject is answered with OCI-Subject, whether it exists or not', async () => {
    const subject = { mediaType: imageType, digest: digestOf('unknown subject'), size: 15 }
    const answer = await client.pushManifest(repository, 'signature', artifact({ subject }))
    expect(answer.status).toBe(201)
    expect(answer.headers['oci-subject']).toBe(subject.digest)
  })

  it('end-7a PUT: 4 MiB are accepted, more is 413, announced or not', async () => {
    const pad = (size: number) => {
      const text = JSON.stringify(artifact({ annotations: { pad: '' } }))
      return text.replace('"pad":""', `"pad":"${'x'.repeat(size - text.length)}"`)
    }
    const fits = await client.pushManifest(repository, 'large', pad(4_194_304))
    expect(fits.status).toBe(201)
    const tooLarge = Buffer.from(pad(4_194_305))
    for (const body of [
      tooLarge,
      [tooLarge.subarray(0, 3_000_000), tooLarge.subarray(3_000_000)],
    ]) {
      const answer = await client.send('PUT', path('large'), {
        headers: { 'content-type': imageType },
        body,
      })
      expect(answer.status).toBe(413)
      expect(errorCode(answer)).toBe('SIZE_INVALID')
    }
  })

  it('end-7a PUT: a size that is too large is refused before the body is sent', async () => {
    const text = await exchangeBytes(
      server.url,
      `PUT ${path('x')} HTTP/1.1\r\nHost: x\r\nAuthorization: ${basic(server.admin.name, server.admin.password)}\r\n` +
        'Content-Length: 4194305\r\nExpect: 100-continue\r\n\r\n',
    )
    expect(text).toMatch(/^HTTP\/1\.1 413 /)
  })

  it('end-7b PUT ?tag=: sets every tag and lists them', async () => {
    const text = JSON.stringify(artifact({ annotations: { tags: 'several' } }))
    const tags = Array.from({ length: 12 }, (_, i) => `t${i}`)
    const query = tags.map((tag) => `tag=${tag}`).join('&')
    const answer = await client.pushManifest(repository, `${digestOf(text)}?${query}`, text)
    expect(answer.status).toBe(201)
    expect(answer.headers['oci-tag']).toBe(tags.join(', '))
    expect((await client.send('GET', path('t11'))).body.toString()).toBe(text)
  })

  it.each([
    [17, 'ok', 414],
    [1, '-bad', 400],
  ])('end-7b PUT ?tag=: %i tags called %s answer %i', async (count, tag, status) => {
    const text = JSON.stringify(artifact())
    const query = Array.from({ length: count }, (_, i) => `tag=${tag}${i}`).join('&')
    const answer = await client.pushManifest(repository, `${digestOf(text)}?${query}`, text)
    expect(answer.status).toBe(status)
    expect(errorCode(answer)).toBe('TAG_INVALID')
  })

  it('end-7a PUT: an index that is accepted though parts are missing comes with a Warning', async () => {
    const sparse = await openTestServer({ registry: { allowSparseManifests: true } })
    try {
      const pusher = new RegistryClient(sparse.url, sparse.admin)
      const manifests = [{ mediaType: imageType, digest: digestOf('not here'), size: 8 }]
      const index = { schemaVersion: 2, mediaType: indexType, manifests }
      const answer = await pusher.pushManifest(repository, 'sparse', index, indexType)
      expect(answer.status).toBe(201)
      expect(answer.headers.warning).toMatch(/^299 - "[^"]+"$/)
      const strict = await client.pushManifest(repository, 'sparse', index, indexType)
      expect(strict.status).toBe(400)
      expect(errorCode(strict)).toBe('MANIFEST_BLOB_UNKNOWN')
    } finally {
      await sparse.close()
    }
  })

  it('end-9 DELETE: by tag takes the tag alone, by digest the manifest with its tags', async () => {
    const text = JSON.stringify(
      artifact({ annotations: { doomed: randomBytes(4).toString('hex') } }),
    )
    await client.pushManifest(repository, 'doomed-1', text)
    await client.pushManifest(repository, 'doomed-2', text)
    expect((await client.send('DELETE', path('doomed-1'))).status).toBe(202)
    expect((await client.send('GET', path('doomed-1'))).status).toBe(404)
    expect((await client.send('GET', path(digestOf(text)))).status).toBe(200)
    expect((await client.send('DELETE', path(digestOf(text)))).status).toBe(202)
    expect((await client.send('GET', path('doomed-2'))).status).toBe(404)
    const again = await client.send('DELETE', path(digestOf(text)))
    expect(again.status).toBe(404)
    expect(errorCode(again)).toBe('MANIFEST_UNKNOWN')
  })

  it('end-10 DELETE: a blob that a manifest needs answers UNSUPPORTED', async () => {
    const layer = await client.pushBlob(repository, 'needed layer')
    const layers = [{ mediaType: 'application/x', digest: layer, size: 12 }]
    await client.pushManifest(repository, 'needs', artifact({ layers }))
    const answer = await client.send('DELETE', `/v2/${repository}/blobs/${layer}`)
    expect(answer.status).toBe(405)
    expect(errorCode(answer)).toBe('UNSUPPORTED')
  })
})
