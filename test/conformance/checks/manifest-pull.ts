import {
  type Trial,
  expectBytes,
  expectError,
  expectHeader,
  expectStatus,
  readJson,
} from '../check.ts'
import {
  algorithms,
  digestOf,
  freshBytes,
  makeImage,
  manifestPath,
  pushImage,
  putManifest,
  types,
} from '../content.ts'
import { checkNotModified } from '../not-modified.ts'

const repository = 'conformance/manifests'

/** spec end-3: GET and HEAD of manifests. */
export async function checkManifestPulls(trial: Trial): Promise<void> {
  const { check, registry } = trial
  const privacy = registry.user === undefined ? 'public' : 'private'
  const bytes = await pushImage(registry, repository, 'pulled')
  const sha512 = digestOf(bytes, 'sha512')
  await putManifest(registry, repository, sha512, bytes)
  for (const [reference, digest] of [
    ['pulled', digestOf(bytes)],
    [digestOf(bytes), digestOf(bytes)],
    [sha512, sha512],
  ] as const) {
    const path = manifestPath(repository, reference)
    const name = reference.slice(0, 12)
    for (const method of ['GET', 'HEAD']) {
      await check(`${method} of a manifest by ${name}: headers and bytes`, async () => {
        const answer = await registry.ask(method, path)
        expectStatus(answer, 200)
        expectBytes(answer, bytes)
        expectHeader(answer, 'content-type', types.image)
        expectHeader(answer, 'docker-content-digest', digest)
        expectHeader(answer, 'etag', `"${digest}"`)
        const isTag = reference === 'pulled'
        const forever = `${privacy}, max-age=31536000, immutable`
        expectHeader(answer, 'cache-control', isTag ? 'no-cache' : forever)
        expectHeader(answer, 'transfer-encoding', undefined)
      })
      await check(`${method} of a manifest by ${name}: whatever it accepts`, async () => {
        for (const accept of ['*/*', types.index, types.dockerImage, 'text/html', '']) {
          const answer = await registry.ask(method, path, { headers: { accept } })
          expectStatus(answer, 200)
          expectHeader(answer, 'content-type', types.image)
          expectHeader(answer, 'docker-content-digest', digest)
        }
      })
    }
    await checkNotModified(trial, `a manifest by ${name}`, path, digest)
  }
  await check('a manifest that was never pushed is unknown', async () => {
    for (const reference of ['absent', ...algorithms.map((it) => digestOf(freshBytes(9), it))]) {
      for (const method of ['GET', 'HEAD', 'DELETE']) {
        const answer = await registry.ask(method, manifestPath(repository, reference))
        expectError(answer, 404, 'MANIFEST_UNKNOWN')
      }
    }
  })
  await check('a manifest of a repository that is not there is not found', async () => {
    const answer = await registry.ask('GET', manifestPath('conformance/nowhere', 'a'))
    expectStatus(answer, 404)
    const [error] = readJson<{ errors: { code: string }[] }>(answer).errors
    expectError(answer, 404, error?.code === 'NAME_UNKNOWN' ? 'NAME_UNKNOWN' : 'MANIFEST_UNKNOWN')
    const head = await registry.ask('HEAD', manifestPath('conformance/nowhere', 'a'))
    expectError(head, 404, 'NAME_UNKNOWN')
  })
  await check('a manifest is a member only where it was pushed', async () => {
    const elsewhere = 'conformance/manifests/elsewhere'
    const image = await makeImage(registry, elsewhere)
    const answer = await registry.ask('GET', manifestPath(elsewhere, digestOf(bytes)))
    expectError(answer, 404, 'MANIFEST_UNKNOWN')
    expectStatus(await putManifest(registry, elsewhere, 'a', image), 201)
    const other = await registry.ask('GET', manifestPath(repository, digestOf(image)))
    expectError(other, 404, 'MANIFEST_UNKNOWN')
  })
}
