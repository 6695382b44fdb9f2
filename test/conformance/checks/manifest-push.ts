import {
  type Trial,
  expect,
  expectBytes,
  expectError,
  expectHeader,
  expectStatus,
} from '../check.ts'
import {
  algorithms,
  descriptor,
  digestOf,
  encodeIndex,
  freshBytes,
  makeImage,
  manifestPath,
  pushImage,
  putManifest,
  types,
} from '../content.ts'

const repository = 'conformance/pushes'

/** spec end-7a and end-7b: Content-Type, tags in the query, and indexes whose manifests are not all there. */
export async function checkManifestPushes(trial: Trial): Promise<void> {
  const { check, registry } = trial
  await check('a manifest may be pushed again', async () => {
    const bytes = await makeImage(registry, repository)
    for (const reference of ['again', 'again', digestOf(bytes), digestOf(bytes)]) {
      expectStatus(await putManifest(registry, repository, reference, bytes), 201)
    }
  })
  await check('a tag moves to what is pushed last', async () => {
    const first = await pushImage(registry, repository, 'moved')
    const second = await pushImage(registry, repository, 'moved')
    expectBytes(await registry.ask('GET', manifestPath(repository, 'moved')), second)
    expectBytes(await registry.ask('GET', manifestPath(repository, digestOf(first))), first)
  })
  await check('parameters of the Content-Type are left away', async () => {
    const bytes = await makeImage(registry, repository)
    const type = `${types.image}; charset=utf-8`
    expectStatus(await putManifest(registry, repository, 'typed', bytes, type), 201)
    const got = await registry.ask('GET', manifestPath(repository, 'typed'))
    expectHeader(got, 'content-type', types.image)
  })
  for (const [kind, mediaType] of [
    ['image', types.image],
    ['index', types.index],
  ] as const) {
    await check(`without a Content-Type an ${kind} is known by its fields`, async () => {
      const bytes =
        kind === 'index'
          ? encodeIndex([], { mediaType: undefined, id: freshBytes(4).toString('hex') })
          : await makeImage(registry, repository, { mediaType: undefined })
      const path = manifestPath(repository, 'untyped')
      expectStatus(await registry.ask('PUT', path, { body: bytes }), 201)
      const got = await registry.ask('GET', path)
      expectHeader(got, 'content-type', mediaType)
      expectBytes(got, bytes)
    })
  }
  await checkTagParameters(trial)
  await checkSparse(trial)
}

async function checkTagParameters({ check, registry }: Trial): Promise<void> {
  for (const algorithm of algorithms) {
    for (const count of [1, 2, 10]) {
      await check(`end-7b PUT by digest sets ${count} tags, ${algorithm}`, async () => {
        const bytes = await makeImage(registry, repository)
        const digest = digestOf(bytes, algorithm)
        const tags = Array.from({ length: count }, (_, at) => `${algorithm}-${count}-${at}`)
        const query = tags.map((tag) => `tag=${tag}`).join('&')
        const answer = await putManifest(registry, repository, `${digest}?${query}`, bytes)
        expectStatus(answer, 201)
        expectHeader(answer, 'docker-content-digest', digest)
        const named = String(answer.headers['oci-tag'] ?? '').split(/, ?/)
        const isSame = named.toSorted().join() === tags.toSorted().join()
        expect(answer, isSame, `OCI-Tag: ${tags.join(', ')}`)
        for (const tag of tags) {
          const got = await registry.ask('GET', manifestPath(repository, tag))
          expectHeader(got, 'docker-content-digest', digest)
          expectBytes(got, bytes)
        }
      })
    }
  }
  await check('end-7b more tags than can be set at once are refused', async () => {
    const bytes = await makeImage(registry, repository)
    const query = Array.from({ length: 200 }, (_, at) => `tag=many-${at}`).join('&')
    const answer = await putManifest(registry, repository, `${digestOf(bytes)}?${query}`, bytes)
    expectStatus(answer, 414)
    const got = await registry.ask('HEAD', manifestPath(repository, 'many-0'))
    expectError(got, 404, 'MANIFEST_UNKNOWN')
  })
  await check('end-7b one tag that is none and nothing is stored', async () => {
    const bytes = await makeImage(registry, repository)
    const reference = `${digestOf(bytes)}?tag=right&tag=-wrong`
    const answer = await putManifest(registry, repository, reference, bytes)
    expectError(answer, 400, 'TAG_INVALID')
    for (const absent of ['right', digestOf(bytes)]) {
      const got = await registry.ask('HEAD', manifestPath(repository, absent))
      expectError(got, 404, 'MANIFEST_UNKNOWN')
    }
  })
  await check('no OCI-Tag without a tag parameter', async () => {
    const bytes = await makeImage(registry, repository)
    const answer = await putManifest(registry, repository, digestOf(bytes), bytes)
    expectHeader(answer, 'oci-tag', undefined)
    expectHeader(answer, 'oci-subject', undefined)
  })
}

async function checkSparse({ check, registry, allowsSparse }: Trial): Promise<void> {
  const expectSparse = async (tag: string, bytes: Buffer, mediaType: string) => {
    const answer = await putManifest(registry, repository, tag, bytes, mediaType)
    const path = manifestPath(repository, tag)
    if (!allowsSparse) {
      expectError(answer, 400, 'MANIFEST_BLOB_UNKNOWN')
      expectError(await registry.ask('HEAD', path), 404, 'MANIFEST_UNKNOWN')
      return
    }
    expectStatus(answer, 201)
    expectHeader(answer, 'warning', /^299 - "[^"]+"$/)
    expectBytes(await registry.ask('GET', path), bytes)
    expectStatus(await registry.ask('DELETE', manifestPath(repository, digestOf(bytes))), 202)
  }
  const title = allowsSparse ? 'is stored' : 'is refused'
  await check(`an index with a manifest that was not pushed ${title}`, async () => {
    const there = descriptor(types.image, await pushImage(registry, repository))
    const absent = descriptor(types.image, freshBytes(100))
    const place = (architecture: string) => ({ platform: { os: 'linux', architecture } })
    const entries = [
      { ...there, ...place('amd64') },
      { ...absent, ...place('arm64') },
    ]
    await expectSparse('sparse-index', encodeIndex(entries), types.index)
  })
  await check(`an image with a layer that was not pushed ${title}`, async () => {
    const layers = [descriptor(types.layer, freshBytes(100))]
    const bytes = await makeImage(registry, repository, { layers })
    await expectSparse('sparse-image', bytes, types.image)
  })
}
