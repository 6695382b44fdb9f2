import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keylessSigner } from './fulcio.ts'
import { generateKeys, readPrivateKey } from './keys.ts'
import { rekorWitness } from './rekor.ts'
import { attestForTag, signImage, signImageForTag, type SignatureArtifact } from './sign.ts'
import { localSigner } from './signer.ts'
import type { SignatureFormat, SignatureMaterial } from './signature.ts'
import { timestampWitness } from './timestamp-authority.ts'
import { makeInstance, type TestInstance } from './testing/instance.ts'
import { makeServices, type TestServices } from './testing/services.ts'
import type { Trust } from './trust.ts'
import { parseTrustedRoot } from './trusted-root.ts'
import { verifySignature } from './verify.ts'

const formats: Record<SignatureArtifact['place'], SignatureFormat> = {
  bundle: 'sigstore-bundle',
  notation: 'notation-jws',
  'signature-tag': 'cosign-tag',
  'attestation-tag': 'cosign-attestation-tag',
}
const material = (artifact: SignatureArtifact): SignatureMaterial => ({
  source: 'sha256:0',
  format: formats[artifact.place],
  payload: artifact.blob,
  annotations: artifact.annotations,
  mediaType: artifact.mediaType,
})
const subject = { digest: `sha256:${createHash('sha256').update('image').digest('hex')}` }

let instance: TestInstance
let services: TestServices
let keylessTrust: Trust
const url = 'http://sigstore.test'

beforeAll(async () => {
  instance = await makeInstance()
  services = makeServices(instance)
  keylessTrust = {
    identities: [
      { name: 'builds', kind: 'keyless', issuer: services.issuer, subject: 'builds@example.com' },
    ],
    roots: [parseTrustedRoot('test', instance.trustedRoot())],
  }
})
afterAll(() => instance?.close())

const keyless = async () =>
  keylessSigner({
    identityToken: await services.identityToken('builds@example.com'),
    fulcioUrl: url,
    fetch: services.fetch,
  })
const rekor = (version: 1 | 2) => rekorWitness({ url, version, fetch: services.fetch })

describe('what Berth signs, Berth verifies', () => {
  test('with a key, as bundle and as tag', async () => {
    const pair = await generateKeys('password')
    const signer = localSigner(await readPrivateKey(pair.privateKeyPem, 'password'))
    const trust: Trust = {
      identities: [{ name: 'release', kind: 'key', publicKeyPem: pair.publicKeyPem }],
      roots: [],
    }
    const annotations = { stage: 'release' }
    const expected = { state: 'verified', identity: 'release', what: 'signature', annotations }
    const bundle = await signImage({ subject, signer, annotations })
    expect(await verifySignature(material(bundle), subject, trust)).toMatchObject(expected)
    const tag = await signImageForTag({ subject, signer, annotations, reference: 'a.test/b' })
    expect(await verifySignature(material(tag), subject, trust)).toMatchObject(expected)
  })

  test.each([1, 2] as const)('keyless, logged in Rekor %i', async (version) => {
    const timestamps = timestampWitness({ url: `${url}/api/v1/timestamp`, fetch: services.fetch })
    const witnesses = version === 1 ? [rekor(1)] : [rekor(2), timestamps]
    const artifact = await signImage({ subject, signer: await keyless(), witnesses })
    const verdict = await verifySignature(material(artifact), subject, keylessTrust)
    expect(verdict).toMatchObject({ state: 'verified', identity: 'builds', what: 'signature' })
    expect(verdict).toHaveProperty('signedAt')
  })

  test('keyless, as tags', async () => {
    const witnesses = [rekor(1)]
    const tag = await signImageForTag({
      subject,
      signer: await keyless(),
      witnesses,
      reference: 'a.test/b',
    })
    const verified = { state: 'verified', identity: 'builds' }
    expect(await verifySignature(material(tag), subject, keylessTrust)).toMatchObject(verified)
    const about = { subject, witnesses, predicateType: 'https://a.test/p', predicate: { a: 1 } }
    const attestation = await attestForTag({ ...about, signer: await keyless() })
    const verdict = await verifySignature(material(attestation), subject, keylessTrust)
    expect(verdict).toMatchObject({ ...verified, what: 'attestation', predicate: { a: 1 } })
  })
})
