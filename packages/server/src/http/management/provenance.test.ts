import { exportPublicKey } from '@berth/signing/keys.ts'
import { referrerManifest } from '@berth/signing/publish.ts'
import { attest } from '@berth/signing/sign.ts'
import { localSigner } from '@berth/signing/signer.ts'
import type { Digest } from '@berth/oci/digest.ts'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { digestOf } from '../../testing/http-client.ts'
import { testDatabases } from '../../testing/open-test-databases.ts'
import { imageOf, openTestPolicies, type TestPolicies } from '../../testing/open-test-policies.ts'

type Item = {
  source: string
  subject: string
  state: string
  identity: string
  predicateType: string
  message: string
  build: { builder: string; source: object | null; materials: object[]; materialCount: number }
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const indexType = 'application/vnd.oci.image.index.v1+json'
const slsa1 = 'https://slsa.dev/provenance/v1'
const slsa02 = 'https://slsa.dev/provenance/v0.2'
const release = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

const built = {
  buildDefinition: {
    buildType: 'https://actions.github.io/buildtypes/workflow/v1',
    externalParameters: {
      workflow: {
        repository: 'https://github.com/acme/api',
        ref: 'refs/heads/main',
        path: 'ci.yml',
      },
    },
    resolvedDependencies: Array.from({ length: 300 }, (_, number) => ({
      uri: `pkg:npm/part-${number}@1.0.0`,
      digest: { sha512: 'ab'.repeat(64) },
    })),
  },
  runDetails: { builder: { id: 'https://builder.example/1' } },
}
const builtByBuildKit = {
  builder: { id: '' },
  buildType: 'https://mobyproject.org/buildkit@v1',
  materials: [{ uri: 'pkg:docker/alpine@3.22', digest: { sha256: 'ab'.repeat(32) } }],
  metadata: {
    'https://mobyproject.org/buildkit@v1#metadata': {
      vcs: { source: 'https://github.com/acme/api.git', revision: 'c27d339e' },
    },
  },
}

let berth: TestPolicies

beforeAll(async () => {
  const [engine] = testDatabases
  if (!engine) throw new Error('There is no database.')
  berth = await openTestPolicies(engine)
  await berth.manage('POST', '/projects/acme/trusted-identities', {
    name: 'release',
    identity: { kind: 'key', publicKey: exportPublicKey(release) },
  })
}, 60_000)
afterAll(() => berth.close(), 60_000)

async function provenanceOf(repository: string, reference: string): Promise<Item[]> {
  const path = `/repositories/${encodeURIComponent(repository)}/manifests/${reference}/provenance`
  return (await berth.manage<{ items: Item[] }>('GET', path)).items
}

async function pushAttestation(
  repository: string,
  subject: string,
  key: KeyObject,
  predicate: unknown,
): Promise<string> {
  const head = await berth.registry.send('HEAD', `/v2/${repository}/manifests/${subject}`, {
    headers: { accept: manifestType },
  })
  const digest = subject as Digest
  const artifact = await attest({
    subject: { digest },
    signer: localSigner(key),
    predicateType: slsa1,
    predicate,
  })
  const size = Number(head.headers['content-length'])
  const upload = referrerManifest(artifact, { mediaType: manifestType, digest, size }, new Date())
  for (const { bytes } of upload.blobs) await berth.registry.pushBlob(repository, bytes)
  await berth.registry.pushManifest(repository, upload.digest, upload.manifest.toString())
  const path = `/repositories/${encodeURIComponent(repository)}/manifests/${subject}/signatures`
  await berth.manage('POST', `${path}/verify`)
  return upload.digest
}

/** An index of an image that is there, with statements as BuildKit adds them. */
async function pushIndex(
  repository: string,
  image: string,
  statements: readonly object[],
): Promise<void> {
  const { manifest: attached, blobs } = imageOf({ layers: [] })
  const layers = statements.map((statement) => {
    const text = JSON.stringify(statement)
    blobs.push(text)
    return {
      mediaType: 'application/vnd.in-toto+json',
      digest: digestOf(text),
      size: Buffer.byteLength(text),
      annotations: { 'in-toto.io/predicate-type': slsa02 },
    }
  })
  for (const blob of blobs) await berth.registry.pushBlob(repository, blob)
  const text = JSON.stringify({ ...attached, layers })
  await berth.registry.pushManifest(repository, digestOf(text), text)
  const entry = (digest: string, size: number) => ({ mediaType: manifestType, digest, size })
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: indexType,
    manifests: [
      entry(image, Buffer.byteLength(JSON.stringify(imageOf({}).manifest))),
      {
        ...entry(digestOf(text), Buffer.byteLength(text)),
        platform: { os: 'unknown', architecture: 'unknown' },
        annotations: {
          'vnd.docker.reference.type': 'attestation-manifest',
          'vnd.docker.reference.digest': image,
        },
      },
    ],
  })
  const answer = await berth.registry.send('PUT', `/v2/${repository}/manifests/v1`, {
    headers: { 'content-type': indexType },
    body: index,
  })
  expect(answer.status).toBe(201)
}

const statement = (image: string, predicate: unknown) => ({
  _type: 'https://in-toto.io/Statement/v0.1',
  predicateType: slsa02,
  subject: [{ name: 'app', digest: { sha256: image.slice('sha256:'.length) } }],
  predicate,
})

test('an image that nobody says anything of has none; one that is not there is not found', async () => {
  await berth.push('acme/bare', 'v1')
  expect(await provenanceOf('acme/bare', 'v1')).toEqual([])
  await expect(provenanceOf('acme/bare', 'v2')).rejects.toThrow('404')
})

test('an attestation of somebody trusted tells of the build, and one of a stranger only that it is there', async () => {
  const image = await berth.push('acme/signed', 'v1')
  const refused = await pushAttestation('acme/signed', image, stranger, built)
  const source = await pushAttestation('acme/signed', image, release, built)
  const [first, second, ...others] = await provenanceOf('acme/signed', 'v1')
  expect(others).toEqual([])
  expect(first).toMatchObject({
    source,
    subject: image,
    state: 'verified',
    identity: 'release',
    predicateType: slsa1,
    message: '',
    build: {
      builder: 'https://builder.example/1',
      source: { uri: 'https://github.com/acme/api@refs/heads/main', digest: '' },
      entryPoint: 'ci.yml',
      materialCount: 300,
    },
  })
  expect(first?.build.materials).toHaveLength(200)
  expect(first?.build.materials[0]).toEqual({
    uri: 'pkg:npm/part-0@1.0.0',
    digest: `sha512:${'ab'.repeat(64)}`,
  })
  expect(second).toMatchObject({ source: refused, state: 'refused', identity: '', build: null })
  expect(second?.message).not.toBe('')
})

test('a verified one of another shape says what is wrong', async () => {
  const image = await berth.push('acme/odd', 'v1')
  await pushAttestation('acme/odd', image, release, { runDetails: {} })
  const [found] = await provenanceOf('acme/odd', 'v1')
  expect(found).toMatchObject({ state: 'verified', build: null })
  expect(found?.message).toContain('buildDefinition')
})

test('what BuildKit adds to an index is told as unsigned, by the image that it is about', async () => {
  const image = await berth.push('acme/kit', 'image')
  await pushIndex('acme/kit', image, [statement(image, builtByBuildKit)])
  expect(await provenanceOf('acme/kit', 'v1')).toMatchObject([
    {
      subject: image,
      state: 'unsigned',
      identity: '',
      predicateType: slsa02,
      build: {
        source: { uri: 'https://github.com/acme/api.git', digest: 'gitCommit:c27d339e' },
        materials: [{ uri: 'pkg:docker/alpine@3.22', digest: `sha256:${'ab'.repeat(32)}` }],
        materialCount: 1,
      },
    },
  ])
})

test('a statement about another image, or that is none, is no word about this one', async () => {
  const image = await berth.push('acme/false', 'image')
  await pushIndex('acme/false', image, [
    statement(`sha256:${'0'.repeat(64)}`, builtByBuildKit),
    { _type: 'other', subject: [], predicate: {} },
    statement(image, { builder: 7 }),
  ])
  const found = await provenanceOf('acme/false', 'v1')
  expect(found.map(({ build }) => build)).toEqual([null, null, null])
  expect(found.map(({ message }) => message)).toEqual([
    expect.stringContaining('not about sha256:'),
    expect.stringContaining('not an in-toto statement'),
    expect.stringContaining('builder'),
  ])
})
