import { afterAll, beforeAll, expect, test } from 'vitest'
import { Random } from './random.ts'
import { eventually, RawRequest } from './raw-request.ts'
import {
  digestOf,
  expectStatus,
  locationOf,
  RegistryClient,
  startUpload,
  withDigest,
} from './registry-client.ts'
import { makeWorkplace, ServerProcess, type Workplace } from './server-process.ts'
import { query } from './stored.ts'

const random = new Random('broken off')
const repository = 'team/app'
const bytes = random.bytes(3_000_000)
const digest = digestOf(bytes)

let place: Workplace
let server: ServerProcess
let http: RegistryClient

beforeAll(async () => {
  place = await makeWorkplace()
  server = await ServerProcess.start(place, { http: { stallTimeoutSeconds: 2 } })
  http = new RegistryClient(server.origin)
})

afterAll(async () => {
  await http?.close()
  await server?.kill()
  await place?.remove()
})

/** Sends a chunk whole and returns where to go on. */
async function append(location: string, chunk: Buffer): Promise<string> {
  return locationOf(expectStatus(await http.send('PATCH', location, { body: chunk }), 202))
}

async function rangeOf(location: string): Promise<string | undefined> {
  return expectStatus(await http.send('GET', location), 204).headers['range']
}

async function expectBlob(): Promise<void> {
  const answer = await http.send('GET', `/v2/${repository}/blobs/${digest}`)
  expect(answer.status).toBe(200)
  expect(digestOf(answer.body)).toBe(digest)
}

async function deleteBlob(): Promise<void> {
  expectStatus(await http.send('DELETE', `/v2/${repository}/blobs/${digest}`), 202)
}

const framings = {
  'a Content-Length': { 'content-length': bytes.length - 1_000_000 },
  'chunked encoding': { 'transfer-encoding': 'chunked' },
}

test.each(Object.entries(framings))(
  'end-5 PATCH with %s that breaks off leaves the session where it was, and the retry completes it',
  async (framing, headers) => {
    const location = await append(await startUpload(http, repository), bytes.subarray(0, 1_000_000))
    const broken = await RawRequest.open(server.port, 'PATCH', location, headers)
    const part = bytes.subarray(1_000_000, 1_700_000)
    if (framing === 'chunked encoding') await broken.write(`${part.length.toString(16)}\r\n`)
    await broken.write(part)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await rangeOf(location)).toBe('0-999999')
    broken.destroy()
    await broken.closed
    expect(await rangeOf(location)).toBe('0-999999')
    const next = await append(location, bytes.subarray(1_000_000))
    expectStatus(await http.send('PUT', withDigest(next, digest)), 201)
    await expectBlob()
    await deleteBlob()
  },
)

test('end-6 PUT whose body breaks off leaves the session where it was, and the retry completes it', async () => {
  const location = await append(await startUpload(http, repository), bytes.subarray(0, 1_000_000))
  const broken = await RawRequest.open(server.port, 'PUT', withDigest(location, digest), {
    'content-length': 2_000_000,
  })
  await broken.write(bytes.subarray(1_000_000, 2_999_999))
  broken.destroy()
  await broken.closed
  expect(await rangeOf(location)).toBe('0-999999')
  const last = bytes.subarray(1_000_000)
  expectStatus(await http.send('PUT', withDigest(location, digest), { body: last }), 201)
  await expectBlob()
  await deleteBlob()
})

test('end-4b POST whose body breaks off leaves nothing behind', async () => {
  const path = `/v2/${repository}/blobs/uploads/?digest=${digest}`
  const broken = await RawRequest.open(server.port, 'POST', path, {
    'content-length': bytes.length,
  })
  await broken.write(bytes.subarray(0, 2_000_000))
  await eventually('a session row', 2_000, () => sessionCount() === 1)
  broken.destroy()
  await eventually('no session row', 2_000, () => sessionCount() === 0)
  expect((await http.send('HEAD', `/v2/${repository}/blobs/${digest}`)).status).toBe(404)
  expectStatus(await http.send('POST', path, { body: bytes }), 201)
  await expectBlob()
  await deleteBlob()
})

function sessionCount(): number {
  return query(place, 'select id from upload_sessions').length
}

test('end-5 PATCH that falls silent is cut off after http.stallTimeoutSeconds and rolled back', async () => {
  const location = await startUpload(http, repository)
  const silent = await RawRequest.open(server.port, 'PATCH', location, {
    'content-length': bytes.length,
  })
  await silent.write(bytes.subarray(0, 500_000))
  const started = performance.now()
  await silent.closed
  const seconds = (performance.now() - started) / 1000
  expect(seconds).toBeGreaterThan(1.5)
  expect(seconds).toBeLessThan(8)
  expect(await rangeOf(location)).toBe('0-0')
  expectStatus(await http.send('DELETE', location), 204)
})

test('end-5 PATCH that dribbles a few bytes at a time is not cut off', async () => {
  const location = await startUpload(http, repository)
  const few = bytes.subarray(0, 40)
  const slow = await RawRequest.open(server.port, 'PATCH', location, { 'content-length': 40 })
  for (let at = 0; at < 40; at += 4) {
    await slow.write(few.subarray(at, at + 4))
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  expect(await slow.status()).toBe(202)
  slow.destroy()
  expect(await rangeOf(location)).toBe('0-39')
  const ended = withDigest(/location: (\S+)/i.exec(slow.text)?.[1] ?? '', digestOf(few))
  expectStatus(await http.send('PUT', ended), 201)
}, 20_000)

test('end-5 PATCH sent again to the same Location answers 416 with the Range, and nothing is doubled', async () => {
  const first = await startUpload(http, repository)
  const next = await append(first, bytes)
  const replayed = await http.send('PATCH', first, { body: bytes })
  expect(replayed.status).toBe(416)
  expect(replayed.headers['range']).toBe(`0-${bytes.length - 1}`)
  expect(locationOf(replayed)).toBe(next)
  expectStatus(await http.send('PUT', withDigest(locationOf(replayed), digest)), 201)
  await expectBlob()
  await deleteBlob()
})

test('end-5 two PATCHes at once on one session never mix their bytes', async () => {
  for (let round = 0; round < 12; round += 1) {
    const location = await startUpload(http, repository)
    const slow = await RawRequest.open(server.port, 'PATCH', location, {
      'content-length': bytes.length,
    })
    // Other bytes: should any of them stay, the digest tells.
    await slow.write(random.bytes(random.between(1, bytes.length - 1)))
    if (random.chance(0.5))
      await new Promise((resolve) => setTimeout(resolve, random.between(1, 50)))
    const takeOver = http.send('PATCH', location, { body: bytes })
    const third = random.chance(0.5) ? http.send('PATCH', location, { body: bytes }) : undefined
    const answers = [await takeOver, ...(third ? [await third] : [])]
    slow.destroy()
    for (const answer of answers) expect([202, 400, 416]).toContain(answer.status)
    const range = await rangeOf(location)
    expect(['0-0', `0-${bytes.length - 1}`]).toContain(range)
    const latest = locationOf(expectStatus(await http.send('GET', location), 204))
    const rest = range === '0-0' ? bytes : Buffer.alloc(0)
    expectStatus(await http.send('PUT', withDigest(latest, digest), { body: rest }), 201)
    await expectBlob()
    await deleteBlob()
  }
}, 60_000)
