import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  ask,
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
const repository = 'demo/app'
const bytes = randomBytes(100_000)

beforeAll(async () => {
  server = await openTestServer({ registry: { blobMaxBytes: 10_000_000 } })
  client = new RegistryClient(server.url, server.admin)
})
afterAll(() => server.close())

function withDigest(location: string, digest: string): string {
  return `${location}${location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`
}

async function isStored(content: Uint8Array): Promise<boolean> {
  const answer = await client.send('GET', `/v2/${repository}/blobs/${digestOf(content)}`)
  return answer.status === 200 && answer.body.equals(content)
}

describe('upload sessions', () => {
  it('end-4a POST: opens a session at a relative address', async () => {
    const answer = await client.send('POST', `/v2/${repository}/blobs/uploads/`, {
      headers: { 'content-type': 'application/json' },
    })
    expect(answer.status).toBe(202)
    expect(answer.headers).toMatchObject({
      location: expect.stringMatching(/^\/v2\/demo\/app\/blobs\/uploads\/[\w-]+/),
      range: '0-0',
      'docker-upload-uuid': expect.stringMatching(/^[\w-]+$/),
      'content-length': '0',
    })
  })

  it('end-4a POST: works without the slash at the end', async () => {
    expect((await client.send('POST', `/v2/${repository}/blobs/uploads`)).status).toBe(202)
  })

  it('end-4b POST ?digest=: takes a whole blob', async () => {
    const content = randomBytes(1000)
    const answer = await client.send(
      'POST',
      `/v2/${repository}/blobs/uploads/?digest=${digestOf(content)}`,
      { body: content },
    )
    expect(answer.status).toBe(201)
    expect(answer.headers).toMatchObject({
      location: `/v2/${repository}/blobs/${digestOf(content)}`,
      'docker-content-digest': digestOf(content),
    })
    expect(await isStored(content)).toBe(true)
  })

  it('end-4b POST ?digest=: a digest that does not fit stores nothing', async () => {
    const content = randomBytes(1000)
    const answer = await client.send(
      'POST',
      `/v2/${repository}/blobs/uploads/?digest=${digestOf('something else')}`,
      { body: content },
    )
    expect(answer.status).toBe(400)
    expect(errorCode(answer)).toBe('DIGEST_INVALID')
    expect(await isStored(content)).toBe(false)
  })

  it.each(['sha256', 'sha512'])(
    'end-4c POST ?digest-algorithm=%s: opens a session',
    async (name) => {
      const content = randomBytes(1000)
      const path = `/v2/${repository}/blobs/uploads/?digest-algorithm=${name}`
      const answer = await client.send('POST', path)
      expect(answer.status).toBe(202)
      const digest = digestOf(content, name)
      const location = withDigest(String(answer.headers.location), digest)
      const done = await client.send('PUT', location, { body: content })
      expect(done.status).toBe(201)
      expect(done.headers['docker-content-digest']).toBe(digest)
    },
  )

  it('end-4c POST ?digest-algorithm=: an unknown algorithm answers 400', async () => {
    const answer = await client.send(
      'POST',
      `/v2/${repository}/blobs/uploads/?digest-algorithm=md5`,
    )
    expect(answer.status).toBe(400)
    expect(errorCode(answer)).toBe('DIGEST_INVALID')
  })

  it('end-5 PATCH: a stream without Content-Length and Content-Type is appended, as docker sends it', async () => {
    const content = randomBytes(300_000)
    const start = await client.startUpload(repository)
    const patched = await client.send('PATCH', start, {
      body: [content.subarray(0, 100_000), content.subarray(100_000)],
    })
    expect(patched.status).toBe(202)
    expect(patched.headers.range).toBe('0-299999')
    const done = await client.send(
      'PUT',
      withDigest(String(patched.headers.location), digestOf(content)),
    )
    expect(done.status).toBe(201)
    expect(done.headers).toMatchObject({
      location: `/v2/${repository}/blobs/${digestOf(content)}`,
      'docker-content-digest': digestOf(content),
    })
    expect(await isStored(content)).toBe(true)
  })

  it('end-5 PATCH: chunks with Content-Range may all go to the first Location', async () => {
    const content = randomBytes(3000)
    const start = await client.startUpload(repository)
    for (const [first, last] of [
      [0, 999],
      [1000, 2499],
      [2500, 2999],
    ] as const) {
      const answer = await client.send('PATCH', start, {
        headers: { 'content-range': `${first}-${last}` },
        body: content.subarray(first, last + 1),
      })
      expect(answer.status).toBe(202)
      expect(answer.headers.range).toBe(`0-${last}`)
    }
    expect((await client.send('PUT', withDigest(start, digestOf(content)))).status).toBe(201)
    expect(await isStored(content)).toBe(true)
  })

  it.each([
    ['out of order', '2000-2999', 1000],
    ['at a place already filled', '0-999', 1000],
    ['longer than the body', '1000-2999', 1000],
    ['shorter than the body', '1000-1099', 1000],
  ])('end-5 PATCH: a chunk %s answers 416 with where to go on', async (_, range, length) => {
    const start = await client.startUpload(repository)
    const first = await client.send('PATCH', start, {
      headers: { 'content-range': '0-999' },
      body: bytes.subarray(0, 1000),
    })
    const answer = await client.send('PATCH', String(first.headers.location), {
      headers: { 'content-range': range },
      body: bytes.subarray(0, length),
    })
    expect(answer.status).toBe(416)
    expect(errorCode(answer)).toBe('BLOB_UPLOAD_INVALID')
    expect(answer.headers.range).toBe('0-999')
    const resumed = await client.send('PATCH', String(answer.headers.location), {
      body: bytes.subarray(1000, 1010),
    })
    expect(resumed.headers.range).toBe('0-1009')
  })

  it.each(['bytes 0-9/10', '0-', 'x-y', '0-9-10', ' '])(
    'end-5 PATCH: the Content-Range %j is malformed and answers 400',
    async (range) => {
      const start = await client.startUpload(repository)
      const answer = await client.send('PATCH', start, {
        headers: { 'content-range': range },
        body: bytes.subarray(0, 10),
      })
      expect(answer.status).toBe(400)
      expect(errorCode(answer)).toBe('BLOB_UPLOAD_INVALID')
    },
  )

  it('end-5 PATCH: sent again to the same address it cannot double the blob', async () => {
    const start = await client.startUpload(repository)
    const content = randomBytes(5000)
    const first = await client.send('PATCH', start, { body: content })
    const replay = await client.send('PATCH', start, { body: content })
    expect(replay.status).toBe(416)
    expect(replay.headers.range).toBe('0-4999')
    const done = await client.send(
      'PUT',
      withDigest(String(first.headers.location), digestOf(content)),
    )
    expect(done.status).toBe(201)
  })

  it('end-5 PATCH: an empty one is 202 and the Range stays 0-0', async () => {
    const start = await client.startUpload(repository)
    const answer = await client.send('PATCH', start)
    expect(answer.status).toBe(202)
    expect(answer.headers.range).toBe('0-0')
  })

  it('end-5 PATCH: an unknown session is 404, and the connection survives the body that was sent', async () => {
    const answer = await client.send('PATCH', `/v2/${repository}/blobs/uploads/0123456789abcdef`, {
      body: randomBytes(200_000),
    })
    expect(answer.status).toBe(404)
    expect(errorCode(answer)).toBe('BLOB_UPLOAD_UNKNOWN')
  })

  it('end-5 PATCH: a body that breaks off leaves the session where it was', async () => {
    const start = await client.startUpload(repository)
    const first = await client.send('PATCH', start, { body: bytes.subarray(0, 1000) })
    const location = String(first.headers.location)
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    socket.write(
      `PATCH ${location} HTTP/1.1\r\nHost: x\r\nAuthorization: ${basic(server.admin.name, server.admin.password)}\r\n` +
        'Content-Length: 50000\r\n\r\n',
    )
    socket.write(bytes.subarray(1000, 20_000))
    await new Promise((resolve) => setTimeout(resolve, 100))
    socket.resetAndDestroy()
    await expect.poll(async () => (await client.send('GET', start)).headers.range).toBe('0-999')
    const resumed = await client.send('PATCH', location, { body: bytes.subarray(1000, 50_000) })
    expect(resumed.status).toBe(202)
    const digest = digestOf(bytes.subarray(0, 50_000))
    const done = await client.send('PUT', withDigest(String(resumed.headers.location), digest))
    expect(done.status).toBe(201)
  })

  it('end-6 PUT: takes the whole blob in its body', async () => {
    const content = randomBytes(4000)
    const start = await client.startUpload(repository)
    const done = await client.send('PUT', withDigest(start, digestOf(content)), { body: content })
    expect(done.status).toBe(201)
    expect(await isStored(content)).toBe(true)
  })

  it('end-6 PUT: takes the last chunk, and refuses one out of order with 416', async () => {
    const content = randomBytes(4000)
    const start = await client.startUpload(repository)
    await client.send('PATCH', start, {
      headers: { 'content-range': '0-2999' },
      body: content.subarray(0, 3000),
    })
    const last = { body: content.subarray(3000) }
    const path = withDigest(start, digestOf(content))
    const wrong = await client.send('PUT', path, { headers: { 'content-range': '0-999' }, ...last })
    expect(wrong.status).toBe(416)
    expect(wrong.headers.range).toBe('0-2999')
    const right = await client.send('PUT', path, {
      headers: { 'content-range': '3000-3999' },
      ...last,
    })
    expect(right.status).toBe(201)
  })

  it('end-6 PUT: the digest is accepted escaped and plain, in either algorithm', async () => {
    const content = randomBytes(100)
    for (const digest of [
      digestOf(content),
      encodeURIComponent(digestOf(content)),
      digestOf(content, 'sha512'),
    ]) {
      const start = await client.startUpload(repository)
      const done = await client.send('PUT', `${start}&digest=${digest}`, { body: content })
      expect(done.status).toBe(201)
      expect(done.headers['docker-content-digest']).toBe(decodeURIComponent(digest))
    }
  })

  it.each([
    ['missing', ''],
    ['malformed', 'digest=sha256:abc'],
    ['of other bytes', `digest=${digestOf('something else')}`],
  ])(
    'end-6 PUT: a digest that is %s answers 400, keeps nothing and ends the session',
    async (_, query) => {
      const content = randomBytes(500)
      const start = await client.startUpload(repository)
      const answer = await client.send('PUT', `${start}&${query}`, { body: content })
      expect(answer.status).toBe(400)
      expect(errorCode(answer)).toBe('DIGEST_INVALID')
      expect(await isStored(content)).toBe(false)
      expect((await client.send('GET', start)).status).toBe(404)
    },
  )

  it('end-6 PUT: a blob above the limit is refused with 413 before its body', async () => {
    const start = await client.startUpload(repository)
    const text = await exchangeBytes(
      server.url,
      `PUT ${withDigest(start, digestOf(bytes))} HTTP/1.1\r\nHost: x\r\nAuthorization: ${basic(server.admin.name, server.admin.password)}\r\n` +
        'Content-Length: 99000000000\r\nExpect: 100-continue\r\n\r\n',
    )
    expect(text).toMatch(/^HTTP\/1\.1 413 /)
    expect(text).toContain('SIZE_INVALID')
    expect(text).toMatch(/\r\nconnection: close\r\n/i)
  })

  it('end-13 GET and HEAD: tell the offset at any address of the session', async () => {
    const start = await client.startUpload(repository)
    const empty = await client.send('GET', start)
    expect(empty).toMatchObject({ status: 204, headers: { range: '0-0' } })
    const patched = await client.send('PATCH', start, { body: bytes.subarray(0, 5000) })
    for (const address of [start, String(patched.headers.location), start.split('?')[0] ?? '']) {
      for (const method of ['GET', 'HEAD']) {
        const answer = await client.send(method, address)
        expect(answer.status).toBe(204)
        expect(answer.headers.range).toBe('0-4999')
        expect(answer.headers.location).toBe(patched.headers.location)
      }
    }
  })

  it('end-13 GET: a session is not found under another repository, nor by another user', async () => {
    const start = await client.startUpload(repository)
    const elsewhere = start.replace('/v2/demo/app/', '/v2/demo/other/')
    expect((await client.send('GET', elsewhere)).status).toBe(404)
    await server.createUser('mallory', 'kestrel oboe granite', 'developer')
    const mallory = new RegistryClient(server.url, {
      name: 'mallory',
      password: 'kestrel oboe granite',
    })
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const answer = await mallory.send(method, start)
      expect([method, answer.status]).toEqual([method, 404])
    }
    expect((await client.send('GET', start)).status).toBe(204)
  })

  it('end-14 DELETE: ends the session for whoever may push', async () => {
    await server.createUser('wendy', 'heron basalt umbrella', 'developer')
    const wendy = new RegistryClient(server.url, {
      name: 'wendy',
      password: 'heron basalt umbrella',
    })
    const start = await wendy.startUpload(repository)
    expect((await wendy.send('DELETE', start)).status).toBe(204)
    const again = await wendy.send('DELETE', start)
    expect(again.status).toBe(404)
    expect(errorCode(again)).toBe('BLOB_UPLOAD_UNKNOWN')
  })

  describe('mount', () => {
    it('end-11 POST ?mount=&from=: makes the blob a member without an upload', async () => {
      const digest = await client.pushBlob('demo/source', 'to be mounted')
      const answer = await client.send(
        'POST',
        `/v2/demo/target/blobs/uploads/?mount=${digest}&from=demo%2Fsource&origin=registry.example`,
      )
      expect(answer.status).toBe(201)
      expect(answer.headers).toMatchObject({
        location: `/v2/demo/target/blobs/${digest}`,
        'docker-content-digest': digest,
      })
      expect((await client.send('HEAD', `/v2/demo/target/blobs/${digest}`)).status).toBe(200)
    })

    it('end-11 POST ?mount=&from=: a token that lacks the source is told the scope for both', async () => {
      const digest = await client.pushBlob('team/source', randomBytes(100))
      const token = await ask(server.url, {
        path: '/token?scope=repository:team/narrow:pull,push',
        headers: { authorization: basic(server.admin.name, server.admin.password) },
      })
      const { token: bearer } = readJson<{ token: string }>(token)
      const mount = (from: string, of: string) =>
        ask(server.url, {
          method: 'POST',
          path: `/v2/team/narrow/blobs/uploads/?mount=${of}&from=${from}`,
          headers: { authorization: `Bearer ${bearer}` },
        })
      const answer = await mount('team/source', digest)
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).toContain(
        'scope="repository:team/narrow:pull,push repository:team/source:pull",error="insufficient_scope"',
      )
      expect((await mount('team/nowhere', digest)).status).toBe(202)
      expect((await mount('team/source', digestOf('not there'))).status).toBe(202)
    })

    it('end-11 POST ?mount=: without from finds a source that the caller may pull', async () => {
      const digest = await client.pushBlob('demo/source', 'to be mounted from anywhere')
      const answer = await client.send('POST', `/v2/demo/target2/blobs/uploads/?mount=${digest}`)
      expect(answer.status).toBe(201)
    })

    it.each([
      ['a blob that is not there', `mount=${digestOf('not there')}&from=demo/app`],
      ['a repository that is not there', `mount=${digestOf('x')}&from=demo/never`],
      ['a name that is none', `mount=${digestOf('x')}&from=NOT/A/NAME`],
      ['an empty name', `mount=${digestOf('x')}&from=`],
      ['a digest that is none', 'mount=nonsense&from=demo/app'],
      ['nothing to go by', `mount=${digestOf('y')}`],
    ])('end-11 POST ?mount=: %s opens a session instead', async (_, query) => {
      const answer = await client.send('POST', `/v2/demo/app/blobs/uploads/?${query}`)
      expect(answer.status).toBe(202)
      expect((await client.send('DELETE', String(answer.headers.location))).status).toBe(204)
    })
  })
})
