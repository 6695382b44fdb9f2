import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Trial,
  expect,
  expectBytes,
  expectError,
  expectHeader,
  expectStatus,
} from '../check.ts'
import {
  addQuery,
  blobPath,
  digestOf,
  freshBytes,
  locationOf,
  openSession,
  uploadsPath,
} from '../content.ts'
import type { Answer } from '../registry.ts'

const repository = 'conformance/sessions'

/** spec end-4a, end-5, end-13, end-14: a session from its first Location to its end. */
export async function checkUploadSessions(trial: Trial): Promise<void> {
  const { check, registry } = trial
  await check('end-4a POST opens a session and says where it is', async () => {
    const answer = await registry.ask('POST', uploadsPath(repository))
    expectStatus(answer, 202)
    expectSession(answer, 0)
    expectHeader(answer, 'content-length', '0')
  })
  await check('end-4a POST without the last slash is not redirected', async () => {
    const answer = await registry.ask('POST', uploadsPath(repository).slice(0, -1))
    expectStatus(answer, 202)
  })
  await check('end-4a POST may name a Content-Type and have no body', async () => {
    const headers = { 'content-type': 'application/json' }
    expectStatus(await registry.ask('POST', uploadsPath(repository), { headers }), 202)
  })
  await check('every session has a Location of its own', async () => {
    const open = () => openSession(registry, repository)
    const locations = await Promise.all([open(), open(), open()])
    const answer = await registry.ask('GET', locations[0])
    expect(answer, new Set(locations).size === 3, '3 different Locations')
  })
  await check('end-5 PATCH without Content-Type: 202, and how far it is', async () => {
    const location = await openSession(registry, repository)
    const answer = await registry.ask('PATCH', location, { body: freshBytes(77) })
    expectStatus(answer, 202)
    expectSession(answer, 77)
  })
  await check('end-5 PATCH with an empty body changes nothing', async () => {
    const location = await openSession(registry, repository)
    const answer = await registry.ask('PATCH', location, { body: [] })
    expectStatus(answer, 202)
    expectSession(answer, 0)
  })
  await check('end-13 GET and HEAD tell how far it is, at every Location it had', async () => {
    const locations = [await openSession(registry, repository)]
    for (const offset of [0, 40, 80]) {
      for (const location of locations) {
        for (const method of ['GET', 'HEAD']) {
          const answer = await registry.ask(method, location)
          expectStatus(answer, 204)
          expectSession(answer, offset)
        }
      }
      const patched = await registry.ask('PATCH', locations.at(-1) ?? '', { body: freshBytes(40) })
      locations.push(locationOf(registry, patched))
    }
  })
  await checkEnds(trial)
  await checkInterruptions(trial)
}

function expectSession(answer: Answer, offset: number): void {
  expectHeader(answer, 'location', new RegExp(`^/v2/${repository}/blobs/uploads/[^/?]+`))
  expectHeader(answer, 'range', `0-${Math.max(0, offset - 1)}`)
  expectHeader(answer, 'docker-upload-uuid', /./)
}

async function checkEnds({ check, registry }: Trial): Promise<void> {
  await check('end-14 DELETE cancels a session: it is unknown to every request', async () => {
    const location = await openSession(registry, repository)
    expectStatus(await registry.ask('PATCH', location, { body: freshBytes(9) }), 202)
    expectStatus(await registry.ask('DELETE', location), 204)
    for (const method of ['GET', 'HEAD', 'PATCH', 'DELETE']) {
      expectError(await registry.ask(method, location), 404, 'BLOB_UPLOAD_UNKNOWN')
    }
    const path = addQuery(location, { digest: digestOf('') })
    expectError(await registry.ask('PUT', path), 404, 'BLOB_UPLOAD_UNKNOWN')
  })
  await check('a session is over once its blob is stored', async () => {
    const location = await openSession(registry, repository)
    const bytes = freshBytes(9)
    const path = addQuery(location, { digest: digestOf(bytes) })
    expectStatus(await registry.ask('PUT', path, { body: bytes }), 201)
    expectError(await registry.ask('GET', location), 404, 'BLOB_UPLOAD_UNKNOWN')
  })
  await check('a session is unknown in another repository', async () => {
    const location = await openSession(registry, repository)
    const elsewhere = location.replace(repository, 'conformance/elsewhere')
    expectError(await registry.ask('GET', elsewhere), 404, 'BLOB_UPLOAD_UNKNOWN')
    const patched = await registry.ask('PATCH', elsewhere, { body: freshBytes(9) })
    expectError(patched, 404, 'BLOB_UPLOAD_UNKNOWN')
  })
  for (const id of ['0'.repeat(32), 'nothing', '..%2F..%2Fetc']) {
    await check(`a session "${id}" that never was is unknown`, async () => {
      const answer = await registry.ask('GET', `${uploadsPath(repository)}${id}`)
      expectStatus(answer, 404)
    })
  }
}

async function checkInterruptions({ check, registry }: Trial): Promise<void> {
  for (const [method, length] of [
    ['PATCH', 4000],
    ['PATCH', undefined],
    ['PUT', 4000],
    ['PUT', undefined],
  ] as const) {
    const kind = length === undefined ? `${method} without a length` : method
    await check(`a ${kind} that breaks off leaves the session as it was`, async () => {
      const bytes = freshBytes(5000)
      const opened = await openSession(registry, repository)
      const patched = await registry.ask('PATCH', opened, { body: bytes.subarray(0, 1000) })
      const location = locationOf(registry, patched)
      const path = addQuery(location, { digest: digestOf(bytes) })
      const broken = method === 'PUT' ? path : location
      await registry.breakOff(method, broken, length, bytes.subarray(1000, 3000))
      await sleep(100)
      const status = await registry.ask('GET', location)
      expectStatus(status, 204)
      expectHeader(status, 'range', '0-999')
      expectStatus(await registry.ask('PUT', path, { body: bytes.subarray(1000) }), 201)
      expectBytes(await registry.ask('GET', blobPath(repository, digestOf(bytes))), bytes)
    })
  }
  const headers = { expect: '100-continue' }
  await check('a client that waits for 100 Continue gets it', async () => {
    const bytes = freshBytes(100)
    const location = await openSession(registry, repository)
    const path = addQuery(location, { digest: digestOf(bytes) })
    expectStatus(await registry.ask('PUT', path, { headers, body: bytes }), 201)
  })
  await check('a client that waits for 100 Continue is refused before it sends', async () => {
    const location = await openSession(registry, repository)
    const ahead = { ...headers, 'content-range': '50-149' }
    const body = freshBytes(100)
    const refused = await registry.ask('PATCH', location, { headers: ahead, body })
    expectError(refused, 416, 'BLOB_UPLOAD_INVALID')
    const unknown = `${uploadsPath(repository)}nothing`
    const answer = await registry.ask('PATCH', unknown, { headers, body })
    expectError(answer, 404, 'BLOB_UPLOAD_UNKNOWN')
  })
}
