import { rangeOf, thirds } from '../blob-ways.ts'
import { type Trial, expectBytes, expectError, expectHeader, expectStatus } from '../check.ts'
import {
  addQuery,
  algorithms,
  blobPath,
  digestOf,
  freshBytes,
  locationOf,
  openSession,
} from '../content.ts'
import type { Answer, Registry } from '../registry.ts'

const repository = 'conformance/chunks'

/** spec end-5, end-6, end-13: chunks out of order, and what was sent twice. */
export async function checkUploadChunks(trial: Trial): Promise<void> {
  const { check, registry } = trial
  for (const algorithm of algorithms) {
    for (const endsWithChunk of [false, true]) {
      const end = endsWithChunk ? 'PUT with the last chunk' : 'PUT without a body'
      await check(`chunks out of order are refused, then resumed; ${end}, ${algorithm}`, () =>
        sendOutOfOrder(registry, freshBytes(3067), algorithm, endsWithChunk),
      )
    }
  }
  await check('a Content-Range that the body does not fill is refused', async () => {
    const location = await openSession(registry, repository)
    const headers = { 'content-range': '0-99' }
    const answer = await registry.ask('PATCH', location, { headers, body: freshBytes(50) })
    expectRefusedAt(answer, 0)
    await expectOffset(registry, location, 0)
  })
  await check('a Content-Range in the form of an answer is refused', async () => {
    const location = await openSession(registry, repository)
    const headers = { 'content-range': 'bytes 0-49/50' }
    const answer = await registry.ask('PATCH', location, { headers, body: freshBytes(50) })
    expectStatus(answer, 400, 416)
    await expectOffset(registry, location, 0)
  })
  await check('no chunk has a least length unless the answer says so', async () => {
    const bytes = freshBytes(3)
    let location = await openSession(registry, repository)
    for (let at = 0; at < bytes.length; at += 1) {
      const body = bytes.subarray(at, at + 1)
      const headers = { 'content-range': rangeOf(at, body) }
      const answer = await registry.ask('PATCH', location, { headers, body })
      expectStatus(answer, 202)
      location = locationOf(registry, answer)
    }
    await commit(registry, location, bytes)
  })
  await checkReplays(trial)
}

async function sendOutOfOrder(
  registry: Registry,
  bytes: Buffer,
  algorithm: 'sha256' | 'sha512',
  endsWithChunk: boolean,
): Promise<void> {
  const digest = digestOf(bytes, algorithm)
  let location = await openSession(registry, repository)
  const chunks = thirds(bytes)
  for (const [index, { start, chunk }] of chunks.entries()) {
    const wrong = chunks[(index + 1) % chunks.length]
    if (wrong === undefined) continue
    const isLast = index === chunks.length - 1
    const method = endsWithChunk && isLast ? 'PUT' : 'PATCH'
    const path = method === 'PUT' ? addQuery(location, { digest }) : location
    const refused = await registry.ask(method, path, {
      headers: { 'content-range': rangeOf(wrong.start, wrong.chunk) },
      body: wrong.chunk,
    })
    expectRefusedAt(refused, start)
    await expectOffset(registry, location, start)
    const resumed = await registry.ask('GET', locationOf(registry, refused))
    expectStatus(resumed, 204)
    const next = locationOf(registry, resumed)
    const answer = await registry.ask(
      method,
      method === 'PUT' ? addQuery(next, { digest }) : next,
      {
        headers: { 'content-range': rangeOf(start, chunk) },
        body: chunk,
      },
    )
    expectStatus(answer, method === 'PUT' ? 201 : 202)
    location = locationOf(registry, answer)
  }
  if (endsWithChunk) expectBytes(await registry.ask('GET', location), bytes)
  else await commit(registry, location, bytes, digest)
}

async function checkReplays({ check, registry }: Trial): Promise<void> {
  await check('a body sent again to the same Location does not double the blob', async () => {
    const bytes = freshBytes(600)
    const first = await openSession(registry, repository)
    expectStatus(await registry.ask('PATCH', first, { body: bytes }), 202)
    const again = await registry.ask('PATCH', first, { body: bytes })
    expectRefusedAt(again, 600)
    await commit(registry, locationOf(registry, again), bytes)
  })
  await check('chunks with a Content-Range may all go to the first Location', async () => {
    const bytes = freshBytes(900)
    const first = await openSession(registry, repository)
    for (const { start, chunk } of thirds(bytes)) {
      const headers = { 'content-range': rangeOf(start, chunk) }
      expectStatus(await registry.ask('PATCH', first, { headers, body: chunk }), 202)
    }
    await commit(registry, first, bytes)
  })
  await check('a last chunk sent to an earlier Location is refused by its offset', async () => {
    const bytes = freshBytes(600)
    const first = await openSession(registry, repository)
    expectStatus(await registry.ask('PATCH', first, { body: bytes.subarray(0, 300) }), 202)
    const path = addQuery(first, { digest: digestOf(bytes) })
    const refused = await registry.ask('PUT', path, { body: bytes.subarray(300) })
    expectRefusedAt(refused, 300)
    const next = addQuery(locationOf(registry, refused), { digest: digestOf(bytes) })
    expectStatus(await registry.ask('PUT', next, { body: bytes.subarray(300) }), 201)
  })
}

/** 416 with the address and the range to go on from. */
function expectRefusedAt(answer: Answer, offset: number): void {
  expectError(answer, 416, 'BLOB_UPLOAD_INVALID')
  expectHeader(answer, 'location', /./)
  expectHeader(answer, 'range', `0-${Math.max(0, offset - 1)}`)
}

async function expectOffset(registry: Registry, location: string, offset: number): Promise<void> {
  const status = await registry.ask('GET', location)
  expectStatus(status, 204)
  expectHeader(status, 'range', `0-${Math.max(0, offset - 1)}`)
}

async function commit(
  registry: Registry,
  location: string,
  bytes: Buffer,
  digest = digestOf(bytes),
): Promise<void> {
  expectStatus(await registry.ask('PUT', addQuery(location, { digest })), 201)
  expectBytes(await registry.ask('GET', blobPath(repository, digest)), bytes)
}
