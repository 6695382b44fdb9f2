import { blobWays, wholeWays, type BlobWay } from '../blob-ways.ts'
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
  algorithms,
  blobPath,
  digestOf,
  freshBytes,
  locationOf,
  openSession,
  pushBlob,
  uploadsPath,
} from '../content.ts'
import type { Registry } from '../registry.ts'

const repository = 'conformance/blobs'

/** spec end-2, end-4 to end-6, end-10: every way to push, with every content and digest, right and wrong. */
export async function checkBlobPushes(trial: Trial): Promise<void> {
  const { check, registry } = trial
  for (const algorithm of algorithms) {
    for (const way of blobWays) {
      const title = `blob by ${way.name}, ${algorithm}`
      await check(`${title}: stored, served and deleted`, async () => {
        const bytes = freshBytes(3067)
        await liveThrough(registry, way, bytes, digestOf(bytes, algorithm))
      })
      await check(`${title}: other bytes than the digest says are refused`, async () => {
        const bytes = freshBytes(3067)
        const digest = digestOf(bytes, algorithm)
        const answer = await way.push(registry, repository, other(bytes), digest)
        expectError(answer, 400, 'DIGEST_INVALID')
        expectError(await registry.ask('HEAD', blobPath(repository, digest)), 404, 'BLOB_UNKNOWN')
        const real = digestOf(other(bytes), algorithm)
        expectError(await registry.ask('GET', blobPath(repository, real)), 404, 'BLOB_UNKNOWN')
      })
    }
    for (const way of wholeWays) {
      for (const [name, bytes] of [
        ['the empty blob', Buffer.alloc(0)],
        ['the blob {}', Buffer.from('{}')],
      ] as const) {
        await check(`${name} by ${way.name}, ${algorithm}`, async () => {
          await liveThrough(registry, way, bytes, digestOf(bytes, algorithm))
        })
      }
    }
    await check(`a blob that is there already is pushed again, ${algorithm}`, async () => {
      const bytes = freshBytes(500)
      for (const way of blobWays) {
        const answer = await way.push(registry, repository, bytes, digestOf(bytes, algorithm))
        expectStatus(answer, 201)
      }
    })
    await check(`two clients push the same blob at once, ${algorithm}`, async () => {
      const bytes = freshBytes(400_000)
      const digest = digestOf(bytes, algorithm)
      const answers = await Promise.all(
        blobWays.slice(0, 4).map((way) => way.push(registry, repository, bytes, digest)),
      )
      for (const answer of answers) expectStatus(answer, 201)
      expectBytes(await registry.ask('GET', blobPath(repository, digest)), bytes)
    })
  }
  await checkSameBytesTwice(trial)
  await checkRefusals(trial)
}

async function liveThrough(
  registry: Registry,
  way: BlobWay,
  bytes: Buffer,
  digest: string,
): Promise<void> {
  const pushed = await way.push(registry, repository, bytes, digest)
  expectStatus(pushed, 201)
  expectHeader(pushed, 'docker-content-digest', digest)
  expectHeader(pushed, 'location', /./)
  expectHeader(pushed, 'content-length', '0')
  for (const path of [locationOf(registry, pushed), blobPath(repository, digest)]) {
    const got = await registry.ask('GET', path)
    expectStatus(got, 200)
    expectBytes(got, bytes)
    expectHeader(got, 'docker-content-digest', digest)
  }
  const head = await registry.ask('HEAD', blobPath(repository, digest))
  expectStatus(head, 200)
  expectBytes(head, bytes)
  expectHeader(head, 'docker-content-digest', digest)
  expectStatus(await registry.ask('DELETE', blobPath(repository, digest)), 202)
  expectError(await registry.ask('HEAD', blobPath(repository, digest)), 404, 'BLOB_UNKNOWN')
}

function other(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.from('more')])
}

async function checkSameBytesTwice({ check, registry }: Trial): Promise<void> {
  await check('the same bytes under both algorithms answer to each in its own', async () => {
    const bytes = freshBytes(700)
    for (const algorithm of algorithms) await pushBlob(registry, repository, bytes, algorithm)
    for (const algorithm of algorithms) {
      const digest = digestOf(bytes, algorithm)
      const got = await registry.ask('GET', blobPath(repository, digest))
      expectBytes(got, bytes)
      expectHeader(got, 'docker-content-digest', digest)
    }
  })
}

async function checkRefusals({ check, registry }: Trial): Promise<void> {
  const malformed = [
    'sha256:baddigeststring',
    `sha256:${'A'.repeat(64)}`,
    `sha256:${'a'.repeat(63)}`,
    `sha512:${'a'.repeat(64)}`,
    `md5:${'a'.repeat(32)}`,
    'nodigest',
    '',
  ]
  for (const digest of malformed) {
    await check(`PUT of a blob with the digest "${digest.slice(0, 30)}" is refused`, async () => {
      const location = await openSession(registry, repository)
      const path = addQuery(location, { digest })
      expectError(await registry.ask('PUT', path, { body: freshBytes(9) }), 400, 'DIGEST_INVALID')
    })
    await check(`POST of a blob with the digest "${digest.slice(0, 30)}" is refused`, async () => {
      const path = addQuery(uploadsPath(repository), { digest })
      expectError(await registry.ask('POST', path, { body: freshBytes(9) }), 400, 'DIGEST_INVALID')
    })
  }
  await check('PUT of a blob without a digest is refused, and ends the session', async () => {
    const location = await openSession(registry, repository)
    const answer = await registry.ask('PUT', location, { body: freshBytes(9) })
    expectError(answer, 400, 'DIGEST_INVALID')
    expectError(await registry.ask('GET', location), 404, 'BLOB_UPLOAD_UNKNOWN')
  })
  await check('a wrong digest ends the session', async () => {
    const location = await openSession(registry, repository)
    const path = addQuery(location, { digest: digestOf('other') })
    expectError(await registry.ask('PUT', path, { body: freshBytes(9) }), 400, 'DIGEST_INVALID')
    expectError(await registry.ask('GET', location), 404, 'BLOB_UPLOAD_UNKNOWN')
  })
  await check('an unknown digest-algorithm is refused', async () => {
    const path = addQuery(uploadsPath(repository), { 'digest-algorithm': 'md5' })
    expectError(await registry.ask('POST', path), 400, 'DIGEST_INVALID')
  })
  await check('a session opened for one algorithm may end with the other', async () => {
    const bytes = freshBytes(900)
    for (const [opened, used] of [algorithms, [...algorithms].toReversed()] as const) {
      const path = addQuery(uploadsPath(repository), { 'digest-algorithm': opened ?? '' })
      const location = locationOf(registry, await registry.ask('POST', path))
      const digest = digestOf(bytes, used)
      const answer = await registry.ask('PUT', addQuery(location, { digest }), { body: bytes })
      expectStatus(answer, 201)
      expect(answer, answer.headers['docker-content-digest'] === digest, `digest ${digest}`)
    }
  })
}
