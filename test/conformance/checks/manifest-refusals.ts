import { type Trial, errorsOf, expect, expectBytes, expectError, expectStatus } from '../check.ts'
import {
  algorithms,
  descriptor,
  digestOf,
  encode,
  freshBytes,
  makeImage,
  manifestPath,
  pushBlob,
  putManifest,
  types,
} from '../content.ts'

const repository = 'conformance/refusals'
const manifestMaxBytes = 4 * 1024 * 1024

/** spec end-7: what a registry must not store, and how it says so. */
export async function checkManifestRefusals(trial: Trial): Promise<void> {
  const { check, registry } = trial
  for (const algorithm of algorithms) {
    await check(`other bytes than the digest says are refused, ${algorithm}`, async () => {
      const bytes = await makeImage(registry, repository)
      const digest = digestOf(bytes, algorithm)
      const changed = Buffer.concat([bytes, Buffer.from('  ')])
      const answer = await putManifest(registry, repository, digest, changed)
      expectError(answer, 400, 'DIGEST_INVALID')
      for (const absent of [digest, digestOf(changed, algorithm)]) {
        const got = await registry.ask('GET', manifestPath(repository, absent))
        expectError(got, 404, 'MANIFEST_UNKNOWN')
      }
    })
  }
  for (const reference of ['sha256:baddigeststring', `sha256:${'A'.repeat(64)}`, 'md5:00', 'x:y']) {
    await check(`"${reference.slice(0, 24)}" is no digest`, async () => {
      const bytes = await makeImage(registry, repository)
      const answer = await putManifest(registry, repository, reference, bytes)
      expectError(answer, 400, 'DIGEST_INVALID')
      const got = await registry.ask('GET', manifestPath(repository, reference))
      expectStatus(got, 400, 404)
    })
  }
  await checkSizes(trial)
  await checkShapes(trial)
  // A registry that allows sparse manifests refuses none of these.
  if (!trial.allowsSparse) await checkMissingBlobs(trial)
}

async function checkSizes({ check, registry }: Trial): Promise<void> {
  const ofSize = async (size: number) => {
    const bytes = await makeImage(registry, repository)
    return Buffer.concat([bytes, Buffer.alloc(size - bytes.length, ' ')])
  }
  await check('a manifest of 4 MiB is stored', async () => {
    const bytes = await ofSize(manifestMaxBytes)
    expectStatus(await putManifest(registry, repository, 'full', bytes), 201)
    expectBytes(await registry.ask('GET', manifestPath(repository, 'full')), bytes)
  })
  await check('a manifest above 4 MiB is too large, with and without a length', async () => {
    const bytes = await ofSize(manifestMaxBytes + 1)
    const path = manifestPath(repository, 'over')
    const headers = { 'content-type': types.image }
    // It waits for leave to send: Node's client may lose an answer that comes while it is still sending.
    const waiting = { ...headers, expect: '100-continue' }
    for (const message of [
      { headers: waiting, body: bytes },
      { headers, body: [bytes] },
    ]) {
      expectError(await registry.ask('PUT', path, message), 413, 'SIZE_INVALID')
    }
    expectError(await registry.ask('HEAD', path), 404, 'MANIFEST_UNKNOWN')
  })
}

async function checkShapes({ check, registry }: Trial): Promise<void> {
  const image = JSON.parse((await makeImage(registry, repository)).toString()) as {
    config: { digest: string }
    layers: { size: number }[]
  }
  const text = JSON.stringify(image)
  const layer = image.layers[0]
  const schema1 = { schemaVersion: 1, name: 'a', tag: 'b', fsLayers: [], history: [] }
  const schema1Type = 'application/vnd.docker.distribution.manifest.v1+prettyjws'
  const cases: [string, string | Buffer, string][] = [
    ['no body', '', types.image],
    ['a body that is not JSON', '{', types.image],
    ['a body that is not UTF-8', Buffer.from([0x22, 0xff, 0x22]), types.image],
    ['a body that is no object', '[]', types.image],
    ['an image without a config', JSON.stringify({ ...image, config: undefined }), types.image],
    ['an image without layers', JSON.stringify({ ...image, layers: undefined }), types.image],
    ['an index without manifests', '{"schemaVersion":2}', types.index],
    ['another mediaType than the Content-Type', text, types.index],
    ['a key that occurs twice', `${text.slice(0, -1)},"layers":[]}`, types.image],
    ['JSON nested too deep', `${'['.repeat(5000)}${']'.repeat(5000)}`, types.image],
    [
      'a negative size',
      JSON.stringify({ ...image, layers: [{ ...layer, size: -1 }] }),
      types.image,
    ],
    ['a size beyond 2^53', text.replace(/"size":\d+/, '"size":9007199254740993'), types.image],
    ['a size that is a text', text.replace(/"size":(\d+)/, '"size":"$1"'), types.image],
    [
      'a digest that is none',
      text.replace(image.config.digest, 'sha256:baddigeststring'),
      types.image,
    ],
    ['a schema 1 manifest', JSON.stringify(schema1), schema1Type],
    ['a schema 1 manifest by its version', JSON.stringify(schema1), 'application/json'],
  ]
  for (const [title, body, mediaType] of cases) {
    await check(`${title} is refused as a manifest`, async () => {
      const answer = await putManifest(registry, repository, 'bad', Buffer.from(body), mediaType)
      expectError(answer, 400, 'MANIFEST_INVALID')
      const got = await registry.ask('HEAD', manifestPath(repository, 'bad'))
      expectError(got, 404, 'MANIFEST_UNKNOWN')
    })
  }
}

async function checkMissingBlobs({ check, registry }: Trial): Promise<void> {
  const config = freshBytes(20)
  await pushBlob(registry, repository, config)
  const imageOf = (layers: object[]) =>
    encode({
      schemaVersion: 2,
      mediaType: types.image,
      config: descriptor(types.config, config),
      layers,
    })
  await check('blobs that were not pushed are named, each in an error of its own', async () => {
    const missing = [descriptor(types.layer, freshBytes(9)), descriptor(types.layer, freshBytes(9))]
    const bytes = imageOf([descriptor(types.layer, config), ...missing])
    const answer = await putManifest(registry, repository, 'missing', bytes)
    expectError(answer, 400, 'MANIFEST_BLOB_UNKNOWN')
    const details = errorsOf(answer).map(({ detail }) => String(detail))
    const digests = missing.map(({ digest }) => digest)
    const isSame = details.toSorted().join() === digests.toSorted().join()
    expect(answer, isSame, `details ${digests.join()}`)
    const got = await registry.ask('HEAD', manifestPath(repository, 'missing'))
    expectError(got, 404, 'MANIFEST_UNKNOWN')
  })
  await check('a blob of another repository counts as missing', async () => {
    const layer = freshBytes(30)
    await pushBlob(registry, `${repository}/elsewhere`, layer)
    const bytes = imageOf([descriptor(types.layer, layer)])
    const answer = await putManifest(registry, repository, 'missing', bytes)
    expectError(answer, 400, 'MANIFEST_BLOB_UNKNOWN')
  })
  await check('urls do not excuse an ordinary layer that was not pushed', async () => {
    const layer = { ...descriptor(types.layer, freshBytes(9)), urls: ['https://store.example/x'] }
    const answer = await putManifest(registry, repository, 'missing', imageOf([layer]))
    expectError(answer, 400, 'MANIFEST_BLOB_UNKNOWN')
  })
  await check(
    'data that has the digest takes the place of a blob; other data does not',
    async () => {
      const layer = freshBytes(30)
      const described = descriptor(types.layer, layer)
      const right = imageOf([{ ...described, data: layer.toString('base64') }])
      expectStatus(await putManifest(registry, repository, 'data', right), 201)
      const wrong = imageOf([{ ...described, data: freshBytes(30).toString('base64') }])
      const answer = await putManifest(registry, repository, 'data', wrong)
      expectError(answer, 400, 'MANIFEST_BLOB_UNKNOWN')
    },
  )
}
