import { type Trial, expectBytes, expectError, expectStatus } from '../check.ts'
import {
  blobPath,
  descriptor,
  digestOf,
  encodeIndex,
  freshBytes,
  manifestPath,
  pushBlob,
  pushImage,
  putManifest,
  types,
} from '../content.ts'
import type { Registry } from '../registry.ts'

const repository = 'conformance/deletes'

/** spec end-9 and end-10: what goes with what, and what stays. */
export async function checkDeletes({ check, registry }: Trial): Promise<void> {
  await check('deleting a tag leaves the manifest and its other tags', async () => {
    const image = await pushImage(registry, repository, 'one')
    expectStatus(await putManifest(registry, repository, 'two', image), 201)
    expectStatus(await registry.ask('DELETE', manifestPath(repository, 'one')), 202)
    await expectGone(registry, ['one'])
    for (const reference of ['two', digestOf(image)]) {
      expectBytes(await registry.ask('GET', manifestPath(repository, reference)), image)
    }
    expectError(
      await registry.ask('DELETE', manifestPath(repository, 'one')),
      404,
      'MANIFEST_UNKNOWN',
    )
  })
  await check('deleting a digest takes every tag on it along, and no other', async () => {
    const image = await pushImage(registry, repository, 'three')
    expectStatus(await putManifest(registry, repository, 'four', image), 201)
    const other = await pushImage(registry, repository, 'five')
    const path = manifestPath(repository, digestOf(image))
    expectStatus(await registry.ask('DELETE', path), 202)
    await expectGone(registry, ['three', 'four', digestOf(image)])
    expectBytes(await registry.ask('GET', manifestPath(repository, 'five')), other)
    expectError(await registry.ask('DELETE', path), 404, 'MANIFEST_UNKNOWN')
  })
  await check('a manifest that was deleted can be pushed again', async () => {
    const image = await pushImage(registry, repository, 'six')
    const path = manifestPath(repository, digestOf(image))
    expectStatus(await registry.ask('DELETE', path), 202)
    expectStatus(await putManifest(registry, repository, 'six', image), 201)
    expectBytes(await registry.ask('GET', path), image)
  })
  await check('deleting an index leaves its manifests', async () => {
    const image = await pushImage(registry, repository)
    const index = encodeIndex([descriptor(types.image, image)])
    expectStatus(await putManifest(registry, repository, 'index', index, types.index), 201)
    const path = manifestPath(repository, digestOf(index))
    expectStatus(await registry.ask('DELETE', path), 202)
    await expectGone(registry, ['index', digestOf(index)])
    expectBytes(await registry.ask('GET', manifestPath(repository, digestOf(image))), image)
  })
  await check('a blob that a manifest needs is not deleted until the manifest is', async () => {
    const image = await pushImage(registry, repository)
    const { layers } = JSON.parse(image.toString()) as { layers: { digest: string }[] }
    const path = blobPath(repository, layers[0]?.digest ?? '')
    expectError(await registry.ask('DELETE', path), 405, 'UNSUPPORTED')
    expectStatus(await registry.ask('HEAD', path), 200)
    expectStatus(await registry.ask('DELETE', manifestPath(repository, digestOf(image))), 202)
    expectStatus(await registry.ask('DELETE', path), 202)
    expectError(await registry.ask('HEAD', path), 404, 'BLOB_UNKNOWN')
  })
  await check('deleting a blob leaves it in other repositories', async () => {
    const elsewhere = `${repository}/elsewhere`
    const bytes = freshBytes(100)
    const digest = await pushBlob(registry, repository, bytes)
    await pushBlob(registry, elsewhere, bytes)
    expectStatus(await registry.ask('DELETE', blobPath(repository, digest)), 202)
    expectError(await registry.ask('GET', blobPath(repository, digest)), 404, 'BLOB_UNKNOWN')
    expectError(await registry.ask('DELETE', blobPath(repository, digest)), 404, 'BLOB_UNKNOWN')
    expectBytes(await registry.ask('GET', blobPath(elsewhere, digest)), bytes)
  })
  await check('a blob that was deleted can be pushed again', async () => {
    const bytes = freshBytes(100)
    const digest = await pushBlob(registry, repository, bytes)
    expectStatus(await registry.ask('DELETE', blobPath(repository, digest)), 202)
    await pushBlob(registry, repository, bytes)
    expectBytes(await registry.ask('GET', blobPath(repository, digest)), bytes)
  })
  await check('nothing is deleted from a repository that is not there', async () => {
    const nowhere = 'conformance/nowhere'
    for (const path of [manifestPath(nowhere, 'a'), blobPath(nowhere, digestOf(''))]) {
      expectStatus(await registry.ask('DELETE', path), 404)
    }
  })
}

async function expectGone(registry: Registry, references: readonly string[]): Promise<void> {
  for (const reference of references) {
    for (const method of ['GET', 'HEAD']) {
      const answer = await registry.ask(method, manifestPath(repository, reference))
      expectError(answer, 404, 'MANIFEST_UNKNOWN')
    }
  }
}
