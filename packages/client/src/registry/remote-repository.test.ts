import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import { makeDigest } from '@berth/oci/digest.ts'
import { parseManifest } from '@berth/oci/manifest.ts'
import { OCI_IMAGE_MANIFEST } from '@berth/oci/media-type.ts'
import { parseTagName } from '@berth/oci/reference.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Berth, startBerth } from '../../../../test/tools/berth.ts'
import type { ManifestContent } from '../content.ts'
import type { Credentials } from '../credentials/credentials.ts'
import { parseRepositoryAddress } from '../image-reference.ts'
import { Transport } from '../transport/transport.ts'
import { RegistryClient } from './registry-client.ts'

let berth: Berth
let transport: Transport

beforeAll(async () => {
  berth = await startBerth()
  transport = new Transport({ retry: { firstWaitMs: 5 } })
})
afterAll(async () => {
  transport.close()
  await berth.stop()
})

const client = (credentials?: Credentials): RegistryClient =>
  new RegistryClient({
    transportFor: () => transport,
    credentials: {
      credentialsFor: () =>
        Promise.resolve(
          credentials ?? {
            kind: 'password',
            username: berth.username,
            password: berth.password,
          },
        ),
    },
  })
const repository = (name: string, credentials?: Credentials) =>
  client(credentials).repository(parseRepositoryAddress(`${berth.host}/${name}`))
const descriptorOf = (bytes: Buffer, mediaType = 'application/octet-stream'): Descriptor => ({
  mediaType,
  digest: makeDigest('sha256', createHash('sha256').update(bytes).digest('hex')),
  size: bytes.length,
})
const opener = (bytes: Buffer) => (start: number) =>
  Promise.resolve(Readable.from([bytes.subarray(start)]))

function manifestOf(config: Descriptor, layers: readonly Descriptor[]): ManifestContent {
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: OCI_IMAGE_MANIFEST, config, layers }),
  )
  return {
    descriptor: descriptorOf(bytes, OCI_IMAGE_MANIFEST),
    bytes,
    parsed: parseManifest(bytes, OCI_IMAGE_MANIFEST),
  }
}

describe('a repository of a registry', () => {
  test('takes blobs and a manifest, and gives them back', async () => {
    const there = repository('acme/api')
    const layer = randomBytes(300_000)
    const config = Buffer.from('{}')
    expect(await there.putBlob(descriptorOf(layer), opener(layer))).toBe('sent')
    expect(await there.putBlob(descriptorOf(layer), opener(layer))).toBe('present')
    await there.putBlob(descriptorOf(config), opener(config))
    const manifest = manifestOf(descriptorOf(config), [descriptorOf(layer)])
    await there.putManifest(manifest, [parseTagName('v1'), parseTagName('latest')])

    const reference = { kind: 'tag', tag: parseTagName('v1') } as const
    expect(await there.resolve(reference)).toEqual(manifest.descriptor)
    expect((await there.readManifest(reference)).bytes).toEqual(manifest.bytes)
    expect(await buffer(await there.openBlob(descriptorOf(layer), { start: 299_990 }))).toEqual(
      layer.subarray(299_990),
    )
    expect(await Array.fromAsync(there.listTags())).toEqual(['latest', 'v1'])
    expect(await Array.fromAsync(client().listRepositories(berth.host))).toContain('acme/api')
  })

  test('mounts what another repository of the registry holds', async () => {
    const layer = randomBytes(1000)
    await repository('acme/base').putBlob(descriptorOf(layer), opener(layer))
    const outcome = await repository('acme/other').putBlob(
      descriptorOf(layer),
      () => Promise.reject(new Error('no byte is needed')),
      { mountFrom: ['acme/unknown', 'acme/base'] },
    )
    expect(outcome).toBe('mounted')
  })

  test('refuses content that is not what its digest says, and keeps none of it', async () => {
    const there = repository('acme/api')
    const right = descriptorOf(randomBytes(5000))
    await expect(there.putBlob(right, opener(randomBytes(5000)))).rejects.toMatchObject({
      kind: 'digestMismatch',
    })
    expect(await there.statBlob(right)).toBeUndefined()
  })

  test('tells a missing tag, a wrong password and missing rights apart', async () => {
    const missing = { kind: 'tag', tag: parseTagName('missing') } as const
    expect(await repository('acme/api').resolve(missing)).toBeUndefined()
    await expect(repository('acme/api').readManifest(missing)).rejects.toMatchObject({
      kind: 'notFound',
    })
    const wrong = { kind: 'password', username: berth.username, password: 'wrong' } as const
    await expect(repository('acme/api', wrong).resolve(missing)).rejects.toMatchObject({
      kind: 'unauthenticated',
    })
    await expect(
      repository('acme/api', { kind: 'anonymous' }).resolve(missing),
    ).rejects.toMatchObject({ kind: 'unauthenticated' })
  })

  test('proves that pushing is allowed without leaving anything', async () => {
    await repository('acme/new').checkPush()
    await expect(repository('acme/new', { kind: 'anonymous' }).checkPush()).rejects.toMatchObject({
      kind: 'unauthenticated',
    })
  })

  test('deletes a tag and leaves the manifest; deletes a manifest with its tags', async () => {
    const there = repository('acme/gone')
    const config = Buffer.from('{}')
    await there.putBlob(descriptorOf(config), opener(config))
    const manifest = manifestOf(descriptorOf(config), [])
    await there.putManifest(manifest, [parseTagName('a'), parseTagName('b')])
    await there.deleteTag(parseTagName('a'))
    expect(await Array.fromAsync(there.listTags())).toEqual(['b'])
    await there.deleteManifest(manifest.descriptor.digest)
    expect(await there.hasManifest(manifest.descriptor.digest)).toBe(false)
  })

  test('lists what refers to a manifest', async () => {
    const there = repository('acme/signed')
    const config = Buffer.from('{}')
    await there.putBlob(descriptorOf(config), opener(config))
    const image = manifestOf(descriptorOf(config), [])
    await there.putManifest(image, [parseTagName('v1')])
    const bytes = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: OCI_IMAGE_MANIFEST,
        artifactType: 'application/vnd.example.signature',
        config: descriptorOf(config),
        layers: [],
        subject: image.descriptor,
      }),
    )
    const parsed = parseManifest(bytes, OCI_IMAGE_MANIFEST)
    const descriptor = descriptorOf(bytes, OCI_IMAGE_MANIFEST)
    await there.putManifest({ descriptor, bytes, parsed }, [])
    const found = await Array.fromAsync(there.listReferrers(image.descriptor.digest))
    expect(found).toMatchObject([
      { digest: descriptor.digest, artifactType: 'application/vnd.example.signature' },
    ])
  })
})
