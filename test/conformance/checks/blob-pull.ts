import { type Trial, expectBytes, expectError, expectHeader, expectStatus } from '../check.ts'
import { algorithms, blobPath, digestOf, freshBytes, pushBlob } from '../content.ts'
import { checkNotModified } from '../not-modified.ts'

const repository = 'conformance/pulls'

/** Small ones may be served from memory, large ones from the store. */
const sizes = [0, 2048, 1_500_000]

/** spec end-2: GET and HEAD of whole blobs. */
export async function checkBlobPulls(trial: Trial): Promise<void> {
  const { check, registry } = trial
  const privacy = registry.user === undefined ? 'public' : 'private'
  for (const algorithm of algorithms) {
    for (const size of sizes) {
      const bytes = freshBytes(size)
      const digest = await pushBlob(registry, repository, bytes, algorithm)
      const path = blobPath(repository, digest)
      for (const method of ['GET', 'HEAD']) {
        await check(`${method} of a blob of ${size} bytes, ${algorithm}`, async () => {
          const answer = await registry.ask(method, path)
          expectStatus(answer, 200)
          expectBytes(answer, bytes)
          expectHeader(answer, 'content-type', 'application/octet-stream')
          expectHeader(answer, 'accept-ranges', 'bytes')
          expectHeader(answer, 'docker-content-digest', digest)
          expectHeader(answer, 'etag', `"${digest}"`)
          expectHeader(answer, 'cache-control', `${privacy}, max-age=31536000, immutable`)
          expectHeader(answer, 'transfer-encoding', undefined)
        })
      }
      await checkNotModified(trial, `a blob of ${size} bytes, ${algorithm}`, path, digest)
    }
    await check(`a blob that was never pushed, ${algorithm}`, async () => {
      const path = blobPath(repository, digestOf(freshBytes(10), algorithm))
      for (const method of ['GET', 'HEAD', 'DELETE']) {
        expectError(await registry.ask(method, path), 404, 'BLOB_UNKNOWN')
      }
    })
  }
  await check('the escaped path of a blob is the same path', async () => {
    const bytes = freshBytes(30)
    const digest = await pushBlob(registry, repository, bytes)
    const path = `/v2/${repository}/blobs/${encodeURIComponent(digest)}?ns=docker.io`
    expectBytes(await registry.ask('GET', path), bytes)
  })
  for (const digest of [
    'sha256:baddigeststring',
    `sha256:${'A'.repeat(64)}`,
    `sha512:${'0'.repeat(64)}`,
    `md5:${'0'.repeat(32)}`,
    'latest',
  ]) {
    await check(`GET of a blob by "${digest.slice(0, 30)}" is refused`, async () => {
      for (const method of ['GET', 'HEAD', 'DELETE']) {
        expectError(await registry.ask(method, blobPath(repository, digest)), 400, 'DIGEST_INVALID')
      }
    })
  }
}
