import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { digestOf, errorCode, RegistryClient } from '../../testing/http-client.ts'
import { openTestServer, type TestServer } from '../../testing/open-test-server.ts'

let server: TestServer
let client: RegistryClient
const small = randomBytes(2048)
/** Past the limit of what is kept in memory, and no multiple of a buffer's size. */
const large = randomBytes(3 * 1024 * 1024 + 17)
let smallPath: string
let largePath: string

beforeAll(async () => {
  server = await openTestServer()
  client = new RegistryClient(server.url, server.admin)
  smallPath = `/v2/demo/app/blobs/${await client.pushBlob('demo/app', small)}`
  largePath = `/v2/demo/app/blobs/${await client.pushBlob('demo/app', large)}`
})
afterAll(() => server.close())

describe('blobs', () => {
  it.each([
    ['small', () => [smallPath, small] as const],
    ['large', () => [largePath, large] as const],
  ])(
    'end-2 GET: a %s blob comes back byte for byte, with everything clients look at',
    async (_, of) => {
      const [path, bytes] = of()
      const answer = await client.send('GET', path)
      expect(answer.status).toBe(200)
      expect(answer.body.equals(bytes)).toBe(true)
      expect(answer.headers).toMatchObject({
        'content-type': 'application/octet-stream',
        'content-length': String(bytes.length),
        'docker-content-digest': digestOf(bytes),
        etag: `"${digestOf(bytes)}"`,
        'accept-ranges': 'bytes',
        'cache-control': expect.stringContaining('immutable'),
        'docker-distribution-api-version': 'registry/2.0',
      })
      expect(answer.headers['transfer-encoding']).toBeUndefined()
      expect(answer.headers['content-encoding']).toBeUndefined()
    },
  )

  it('end-2 GET: is never compressed, whatever the client accepts', async () => {
    const answer = await client.send('GET', smallPath, {
      headers: { 'accept-encoding': 'zstd;q=1.0, gzip;q=0.8, deflate;q=0.5' },
    })
    expect(answer.headers['content-encoding']).toBeUndefined()
    expect(answer.body.equals(small)).toBe(true)
  })

  it('end-2 HEAD: has the headers of GET and no body', async () => {
    const answer = await client.send('HEAD', largePath)
    expect(answer.status).toBe(200)
    expect(answer.body).toHaveLength(0)
    expect(answer.headers).toMatchObject({
      'content-length': String(large.length),
      'docker-content-digest': digestOf(large),
      'accept-ranges': 'bytes',
    })
  })

  it('end-2 GET and HEAD: an empty blob works', async () => {
    const path = `/v2/demo/app/blobs/${await client.pushBlob('demo/app', '')}`
    for (const method of ['GET', 'HEAD']) {
      const answer = await client.send(method, path)
      expect(answer).toMatchObject({ status: 200, headers: { 'content-length': '0' } })
      expect(answer.body).toHaveLength(0)
    }
    expect((await client.send('GET', path, { headers: { range: 'bytes=0-' } })).status).toBe(416)
  })

  it.each([
    ['bytes=0-9', 0, 10],
    ['bytes=1000000-2500000', 1_000_000, 2_500_001],
    ['bytes=3000000-', 3_000_000, undefined],
    ['bytes=-5', -5, undefined],
    ['bytes=3145700-9999999', 3_145_700, undefined],
  ])('end-2 GET: %s answers 206 with exactly those bytes', async (range, start, end) => {
    const answer = await client.send('GET', largePath, { headers: { range } })
    const expected = large.subarray(start, end)
    const first = start < 0 ? large.length + start : start
    expect(answer.status).toBe(206)
    expect(answer.body.equals(expected)).toBe(true)
    expect(answer.headers).toMatchObject({
      'content-length': String(expected.length),
      'content-range': `bytes ${first}-${first + expected.length - 1}/${large.length}`,
    })
  })

  it('end-2 GET: a range of a blob that is in memory answers 206 as well', async () => {
    await client.send('GET', smallPath)
    const answer = await client.send('GET', smallPath, { headers: { range: 'bytes=100-199' } })
    expect(answer.status).toBe(206)
    expect(answer.body.equals(small.subarray(100, 200))).toBe(true)
  })

  it.each(['bytes=5000-10000', 'bytes=500-0'])(
    'end-2 GET: %s of 2048 bytes answers 416 with the size',
    async (range) => {
      const answer = await client.send('GET', smallPath, { headers: { range } })
      expect(answer.status).toBe(416)
      expect(answer.headers['content-range']).toBe('bytes */2048')
      expect(errorCode(answer)).toBe('RANGE_INVALID')
    },
  )

  it.each([
    [
      'small',
      () => [smallPath, small] as const,
      [
        [0, 9],
        [2000, 2047],
      ],
    ],
    [
      'large',
      () => [largePath, large] as const,
      [
        [20, 2_000_000],
        [0, 9],
        [3_000_000, 3_145_744],
      ],
    ],
  ])(
    'end-2 GET: several ranges of a %s blob come as multipart/byteranges',
    async (_, of, ranges) => {
      const [path, bytes] = of()
      const range = `bytes=${ranges.map(([first, last]) => `${first}-${last}`).join(',')}`
      const answer = await client.send('GET', path, { headers: { range } })
      expect(answer.status).toBe(206)
      expect(answer.headers['content-length']).toBe(String(answer.body.length))
      const type = String(answer.headers['content-type'])
      const boundary = /^multipart\/byteranges; boundary=(.+)$/.exec(type)?.[1] ?? ''
      const parts = ranges.map(([first = 0, last = 0], index) =>
        Buffer.concat([
          Buffer.from(
            `${index === 0 ? '' : '\r\n'}--${boundary}\r\nContent-Type: application/octet-stream\r\n` +
              `Content-Range: bytes ${first}-${last}/${bytes.length}\r\n\r\n`,
          ),
          bytes.subarray(first, last + 1),
        ]),
      )
      const expected = Buffer.concat([...parts, Buffer.from(`\r\n--${boundary}--\r\n`)])
      expect(answer.body.equals(expected)).toBe(true)
    },
  )

  it('end-2 GET: a Range that makes no sense is ignored', async () => {
    const answer = await client.send('GET', smallPath, { headers: { range: 'lines=1-2' } })
    expect(answer.status).toBe(200)
    expect(answer.body).toHaveLength(2048)
  })

  it('end-2 GET: If-Range with another digest gets the whole blob', async () => {
    const headers = { range: 'bytes=0-9', 'if-range': '"sha256:other"' }
    expect((await client.send('GET', smallPath, { headers })).status).toBe(200)
    const same = { range: 'bytes=0-9', 'if-range': `"${digestOf(small)}"` }
    expect((await client.send('GET', smallPath, { headers: same })).status).toBe(206)
  })

  it.each(['GET', 'HEAD'])(
    'end-2 %s: If-None-Match with the digest answers 304',
    async (method) => {
      for (const tag of [
        `"${digestOf(small)}"`,
        digestOf(small),
        `W/"${digestOf(small)}"`,
        '"x", *',
        '*',
      ]) {
        const answer = await client.send(method, smallPath, { headers: { 'if-none-match': tag } })
        const expected = tag === '"x", *' ? 200 : 304
        expect([tag, answer.status]).toEqual([tag, expected])
        expect(answer.headers.etag).toBe(`"${digestOf(small)}"`)
      }
    },
  )

  it('end-2 GET: bytes that another repository has are not here', async () => {
    const answer = await client.send('GET', `/v2/demo/other/blobs/${digestOf(small)}`)
    expect(answer.status).toBe(404)
    expect(errorCode(answer)).toBe('BLOB_UNKNOWN')
  })

  it('end-2 HEAD: an unknown blob is 404 without a body', async () => {
    const answer = await client.send('HEAD', `/v2/demo/app/blobs/${digestOf('never pushed')}`)
    expect(answer.status).toBe(404)
    expect(answer.body).toHaveLength(0)
  })

  it.each([
    'sha256:bad',
    'md5:d41d8cd98f00b204e9800998ecf8427e',
    `sha256:${'A'.repeat(64)}`,
    'latest',
  ])('end-2 GET: the digest %s is malformed and answers 400', async (digest) => {
    const answer = await client.send('GET', `/v2/demo/app/blobs/${digest}`)
    expect(answer.status).toBe(400)
    expect(errorCode(answer)).toBe('DIGEST_INVALID')
  })

  it('end-10 DELETE: takes the blob away, and a second time there is none', async () => {
    const path = `/v2/demo/gone/blobs/${await client.pushBlob('demo/gone', 'soon gone')}`
    expect((await client.send('DELETE', path)).status).toBe(202)
    expect((await client.send('GET', path)).status).toBe(404)
    const again = await client.send('DELETE', path)
    expect(again.status).toBe(404)
    expect(errorCode(again)).toBe('BLOB_UNKNOWN')
  })
})
