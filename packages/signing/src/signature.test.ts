import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  cosignTags,
  readSignatureManifest,
  type SignatureFormat,
  subjectOfCosignTag,
} from './signature.ts'
import { makeNotationChain } from './testing/notation-samples.ts'
import { makeSamples, subject } from './testing/samples.ts'
import type { Trust } from './trust.ts'
import { verifySignature } from './verify.ts'

const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const descriptor = (mediaType: string, annotations?: Record<string, string>): object => ({
  mediaType,
  digest: `sha256:${'a'.repeat(64)}`,
  size: 2,
  ...(annotations === undefined ? {} : { annotations }),
})
const manifest = (config: string, layers: object[], more: object = {}): Buffer =>
  Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: descriptor(config),
      layers,
      ...more,
    }),
  )
const empty = 'application/vnd.oci.empty.v1+json'
const image = 'application/vnd.oci.image.config.v1+json'
const notary = 'application/vnd.cncf.notary.signature'

test.each([
  ['sigstore-bundle', empty, 'application/vnd.dev.sigstore.bundle.v0.3+json'],
  ['sigstore-bundle', empty, 'application/vnd.dev.sigstore.bundle+json;version=0.2'],
  ['cosign-tag', image, 'application/vnd.dev.cosign.simplesigning.v1+json'],
  ['cosign-attestation-tag', image, 'application/vnd.dsse.envelope.v1+json'],
  ['notation-jws', notary, 'application/jose+json'],
  ['notation-cose', notary, 'application/cose'],
] as [SignatureFormat, string, string][])('%s is found by its layer', (format, config, layer) => {
  const bytes = manifest(config, [descriptor('application/x'), descriptor(layer, { own: 'yes' })], {
    annotations: { of: 'the manifest' },
    subject: descriptor(manifestType),
  })
  const found = readSignatureManifest(bytes, manifestType)
  expect(found?.subject).toBe(`sha256:${'a'.repeat(64)}`)
  expect(found?.layers.map((entry) => entry.format)).toEqual([format])
  expect(found?.layers[0]?.annotations).toMatchObject({ own: 'yes' })
  const isTag = format.startsWith('cosign')
  expect('of' in (found?.layers[0]?.annotations ?? {})).toBe(!isTag)
})

test('an image, an index and no manifest hold no signature', () => {
  const layer = descriptor('application/vnd.oci.image.layer.v1.tar+gzip')
  expect(readSignatureManifest(manifest(image, [layer]), manifestType)).toBeUndefined()
  const jose = descriptor('application/jose+json')
  expect(readSignatureManifest(manifest(image, [jose]), manifestType)).toBeUndefined()
  expect(readSignatureManifest(Buffer.from('no JSON'), manifestType)).toBeUndefined()
})

test('of endless layers the first hundred are looked at', () => {
  const layers = Array.from({ length: 500 }, () =>
    descriptor('application/vnd.dev.cosign.simplesigning.v1+json'),
  )
  expect(readSignatureManifest(manifest(image, layers), manifestType)?.layers).toHaveLength(100)
})

test('tags name their image', () => {
  const tags = cosignTags(subject)
  expect(subjectOfCosignTag(tags?.signatures ?? '')).toEqual(subject)
  expect(subjectOfCosignTag(tags?.attestations ?? '')).toEqual(subject)
  expect(subjectOfCosignTag('latest')).toBeUndefined()
  expect(cosignTags({ digest: `sha512:${'0'.repeat(128)}` })).toBeUndefined()
})

test('whatever the bytes, the answer is a verdict', async () => {
  const formats = fc.constantFrom<SignatureFormat>(
    'sigstore-bundle',
    'cosign-tag',
    'cosign-attestation-tag',
    'notation-jws',
    'notation-cose',
  )
  const key = fc.constantFrom(
    'dev.cosignproject.cosign/signature',
    'dev.sigstore.cosign/certificate',
    'dev.sigstore.cosign/bundle',
    'dev.sigstore.cosign/rfc3161timestamp',
  )
  const value = fc.oneof(fc.string(), fc.base64String(), fc.json())
  // Members that the readers look for, with anything inside.
  const shaped = fc.record(
    {
      mediaType: fc.constant('application/vnd.dev.sigstore.bundle.v0.3+json'),
      verificationMaterial: fc.record(
        {
          certificate: fc.record({ rawBytes: fc.base64String() }),
          publicKey: fc.record({ hint: fc.base64String() }),
          tlogEntries: fc.jsonValue(),
        },
        { requiredKeys: [] },
      ),
      dsseEnvelope: fc.record({
        payload: fc.base64String(),
        payloadType: fc.string(),
        signatures: fc.array(fc.record({ sig: fc.base64String() })),
      }),
      header: fc.jsonValue(),
      payload: fc.base64String(),
      protected: fc.base64String(),
      signature: fc.base64String(),
    },
    { requiredKeys: [] },
  )
  const payload = fc.oneof(
    fc.uint8Array(),
    fc
      .oneof(
        fc.json(),
        shaped.map((object) => JSON.stringify(object)),
      )
      .map((text) => Buffer.from(text)),
  )
  const samples = await makeSamples()
  const chain = await makeNotationChain()
  const trust: Trust = {
    identities: [
      ...samples.keyTrust.identities,
      ...samples.keylessTrust.identities,
      { name: 'notation', kind: 'notation', certificates: [chain.pem[1]] },
    ],
    roots: samples.keylessTrust.roots,
  }
  await fc.assert(
    fc.asyncProperty(formats, payload, fc.dictionary(key, value), async (format, bytes, notes) => {
      const material = { source: '', format, payload: bytes, annotations: notes, mediaType: '' }
      expect(await verifySignature(material, subject, trust)).toHaveProperty('state', 'refused')
    }),
    { numRuns: 2000 },
  )
  samples.close()
})
