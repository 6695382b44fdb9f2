import { type Trial, expectBytes, expectError, expectHeader, expectStatus } from '../check.ts'
import {
  addQuery,
  blobPath,
  digestOf,
  freshBytes,
  manifestPath,
  makeImage,
  openSession,
  pushBlob,
  pushImage,
  putManifest,
  uploadsPath,
} from '../content.ts'

const repository = 'conformance/names'

/** The grammar of names, tags and digests, and paths that could be read in two ways. */
export async function checkNames({ check, registry }: Trial): Promise<void> {
  const good = ['a', '0', 'a.b', 'a_b', 'a__b', 'a---b', 'a/b/c/d/e', 'x'.repeat(200)]
  const tricky = ['v2', 'v2/v2', 'a/manifests', 'manifests/blobs', 'a/blobs/uploads', 'a/tags/list']
  for (const name of [...good, ...tricky, 'blobs/sha256', 'a/referrers/b', 'tags']) {
    await check(`a repository may be called ${name.slice(0, 40)}`, async () => {
      const bytes = freshBytes(20)
      const digest = await pushBlob(registry, name, bytes)
      expectBytes(await registry.ask('GET', blobPath(name, digest)), bytes)
      const location = await openSession(registry, name)
      expectStatus(await registry.ask('DELETE', location), 204)
      const image = await pushImage(registry, name, 'list')
      expectBytes(await registry.ask('GET', manifestPath(name, 'list')), image)
      expectStatus(await registry.ask('GET', `/v2/${name}/tags/list`), 200)
      expectStatus(await registry.ask('GET', `/v2/${name}/referrers/${digest}`), 200)
    })
  }
  const bad = ['A', 'a..b', 'a___b', '-a', 'a-', '.a', 'a.', '_a', 'a_', 'a._b', 'a/-b', 'a/B']
  for (const name of [...bad, 'ä', 'a b', 'a+b', 'a:80/b', '_catalog/b', 'x'.repeat(256)]) {
    await check(`a repository may not be called ${name.slice(0, 40)}`, async () => {
      const escaped = encodeURIComponent(name)
      expectError(await registry.ask('POST', uploadsPath(escaped)), 400, 'NAME_INVALID')
      expectError(await registry.ask('GET', manifestPath(escaped, 'a')), 400, 'NAME_INVALID')
      expectError(await registry.ask('GET', `/v2/${escaped}/tags/list`), 400, 'NAME_INVALID')
    })
  }
  await check('a name with an empty component is no name', async () => {
    for (const name of ['a//b', '/a', 'a/']) {
      expectStatus(await registry.ask('POST', uploadsPath(name)), 400, 404)
    }
  })
  const image = await makeImage(registry, repository)
  for (const tag of ['a', 'A', '_', '0', '_a.b-c_d', 'v1.0.0-rc.1', 't'.repeat(128)]) {
    await check(`a tag may be ${tag.slice(0, 20)}`, async () => {
      expectStatus(await putManifest(registry, repository, tag, image), 201)
      expectBytes(await registry.ask('GET', manifestPath(repository, tag)), image)
    })
  }
  for (const tag of ['.a', '-a', 'a+b', 'a b', 'ä', 'a%b', 't'.repeat(129)]) {
    await check(`a tag may not be ${tag.slice(0, 20)}`, async () => {
      const answer = await putManifest(registry, repository, encodeURIComponent(tag), image)
      expectError(answer, 400, 'TAG_INVALID')
    })
  }
  await check('parameters that nobody knows are ignored', async () => {
    const extra = { ns: 'docker.io', origin: 'registry.example', account: 'me', unknown: '' }
    expectStatus(await registry.ask('GET', addQuery('/v2/', extra)), 200)
    const path = addQuery(manifestPath(repository, 'a'), extra)
    expectBytes(await registry.ask('GET', path), image)
    expectStatus(await registry.ask('POST', addQuery(uploadsPath(repository), extra)), 202)
    const list = addQuery(`/v2/${repository}/tags/list`, extra)
    expectStatus(await registry.ask('GET', list), 200)
  })
  await check('escaped paths are decoded once', async () => {
    const escaped = `/v2/conformance%2Fnames/manifests/${encodeURIComponent(digestOf(image))}`
    expectBytes(await registry.ask('GET', escaped), image)
    const twice = manifestPath(repository, encodeURIComponent(encodeURIComponent(digestOf(image))))
    expectStatus(await registry.ask('GET', twice), 400, 404)
  })
  await check('a path with a broken escape is refused', async () => {
    const answer = await registry.ask('GET', `/v2/${repository}/manifests/%zz`)
    expectStatus(answer, 400)
    expectHeader(answer, 'content-type', 'application/json')
  })
}
