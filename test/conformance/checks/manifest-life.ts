import {
  type Trial,
  expect,
  expectBytes,
  expectError,
  expectHeader,
  expectStatus,
  readJson,
} from '../check.ts'
import { blobPath, locationOf, manifestPath, pushBlob, putManifest, types } from '../content.ts'
import { manifestSamples, type Sample, sha512Samples } from '../manifest-samples.ts'
import type { Registry } from '../registry.ts'

type Manifest = Sample['manifests'][number]

const tag = 'sample'
const accept = `${types.index}, ${types.image}`

/** Every shape of manifest from its push to its deletion (spec end-3, end-7, end-8, end-9, end-10). */
export async function checkManifestLives({ check, registry }: Trial): Promise<void> {
  const byTag = manifestSamples().map((sample) => ({ sample, tagged: true }))
  const byDigest = sha512Samples().map((sample) => ({ sample, tagged: false }))
  for (const [index, { sample, tagged }] of [...byTag, ...byDigest].entries()) {
    const repository = `conformance/lives/${index}`
    const { name, manifests } = sample
    const last = manifests.at(-1)
    if (last === undefined) continue
    const references = tagged ? [tag] : []
    const pushable = manifests.map((manifest) => ({ manifest, reference: manifest.digest }))
    if (tagged) pushable.push({ manifest: last, reference: tag })

    await check(`${name}: its blobs are pushed`, async () => {
      for (const { bytes, digest } of sample.blobs) {
        const algorithm = digest.startsWith('sha512:') ? 'sha512' : 'sha256'
        await pushBlob(registry, repository, bytes, algorithm)
      }
    })
    for (const { manifest, reference } of pushable) {
      await check(`${name}: ${nameOf(sample, reference)} is pushed`, () =>
        expectPushed(registry, repository, reference, manifest),
      )
    }
    for (const { manifest, reference } of pushable) {
      await check(`${name}: ${nameOf(sample, reference)} is served as it was pushed`, () =>
        expectServed(registry, repository, reference, manifest),
      )
    }
    await check(`${name}: its tag is listed`, async () => {
      const answer = await registry.ask('GET', `/v2/${repository}/tags/list`)
      expectStatus(answer, 200)
      const { tags } = readJson<{ tags: string[] }>(answer)
      expect(answer, tags.join() === references.join(), `the tags ${references.join()}`)
    })
    await check(`${name}: is deleted at once, tag, manifests and blobs`, () =>
      expectDeleted(registry, repository, sample, references),
    )
  }
}

function nameOf(sample: Sample, reference: string): string {
  const at = sample.manifests.findIndex(({ digest }) => digest === reference)
  return at === -1 ? 'the tag' : `manifest ${at + 1} by digest`
}

async function expectPushed(
  registry: Registry,
  repository: string,
  reference: string,
  { bytes, digest, mediaType }: Manifest,
): Promise<void> {
  const answer = await putManifest(registry, repository, reference, bytes, mediaType)
  expectStatus(answer, 201)
  expectHeader(answer, 'docker-content-digest', digest)
  expectHeader(answer, 'oci-subject', subjectOf(bytes))
  const got = await registry.ask('GET', locationOf(registry, answer), { headers: { accept } })
  expectStatus(got, 200)
  expectHeader(got, 'content-type', mediaType)
  expectBytes(got, bytes)
}

function subjectOf(bytes: Buffer): string | undefined {
  return (JSON.parse(bytes.toString()) as { subject?: { digest: string } }).subject?.digest
}

async function expectServed(
  registry: Registry,
  repository: string,
  reference: string,
  { bytes, digest, mediaType }: Manifest,
): Promise<void> {
  for (const method of ['GET', 'HEAD']) {
    const headers = { accept }
    const answer = await registry.ask(method, manifestPath(repository, reference), { headers })
    expectStatus(answer, 200)
    expectHeader(answer, 'content-type', mediaType)
    expectHeader(answer, 'docker-content-digest', digest)
    expectBytes(answer, bytes)
  }
}

async function expectDeleted(
  registry: Registry,
  repository: string,
  sample: Sample,
  tags: readonly string[],
): Promise<void> {
  const digests = sample.manifests.map(({ digest }) => digest).toReversed()
  for (const reference of [...tags, ...new Set(digests)]) {
    const path = manifestPath(repository, reference)
    expectStatus(await registry.ask('DELETE', path), 202)
    expectError(await registry.ask('HEAD', path), 404, 'MANIFEST_UNKNOWN')
  }
  for (const digest of new Set(sample.blobs.map((blob) => blob.digest))) {
    const path = blobPath(repository, digest)
    expectStatus(await registry.ask('DELETE', path), 202)
    expectError(await registry.ask('HEAD', path), 404, 'BLOB_UNKNOWN')
  }
}
