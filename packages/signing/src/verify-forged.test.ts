import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { payloadBytesMax } from './limits.ts'
import type { RefusalReason } from './refusal.ts'
import { attest, signImage, type SignatureArtifact, signImageForTag } from './sign.ts'
import type { SignatureMaterial } from './signature.ts'
import { localSigner, type Signer } from './signer.ts'
import { sha256 } from './testing/authority.ts'
import { makeInstance, type TestInstance } from './testing/instance.ts'
import { type NotationReason, weakPair } from './testing/notation-samples.ts'
import {
  change,
  flip,
  type LooseBundle,
  makeSamples,
  otherSubject,
  type Samples,
  somebody,
  subject,
  toMaterial,
} from './testing/samples.ts'
import { dsseBody } from './testing/services.ts'
import type { Trust, TrustedIdentity } from './trust.ts'
import { parseTrustedRoot } from './trusted-root.ts'
import { type VerifyOptions, verifySignature } from './verify.ts'

type Case = {
  material: SignatureMaterial
  trust?: Trust
  about?: { digest: string }
  options?: VerifyOptions
}
type Row = [what: string, make: () => Case | Promise<Case>]

let samples: Samples
let foreign: TestInstance
/** Logged in Rekor 1. */
let keyless: SignatureArtifact
/** Logged in Rekor 2, with a timestamp. */
let stamped: SignatureArtifact
let byKey: SignatureArtifact
let tag: SignatureArtifact
let keylessTag: SignatureArtifact

/** The extended key usage of web servers. */
const webServer = '1.3.6.1.5.5.7.3.1'
const minute = 60_000
const predicateType = 'https://example.com/predicate'
const keylessWith = (more: Partial<TrustedIdentity>): Trust => ({
  identities: samples.keylessTrust.identities.map(
    (identity) => ({ ...identity, ...more }) as TrustedIdentity,
  ),
  roots: samples.keylessTrust.roots,
})
const signCertified = async (signer: Signer): Promise<SignatureArtifact> =>
  signImage({ subject, signer, witnesses: [samples.rekor(1)] })
const certifiedCase = async (signer: Promise<Signer>): Promise<Case> => ({
  material: toMaterial(await signCertified(await signer)),
})
const keylessCase = (how: (bundle: LooseBundle) => void): Case => ({
  material: change(keyless, how),
})
const keyCase = (material: SignatureMaterial, more: Partial<Case> = {}): Case => ({
  material,
  trust: samples.keyTrust,
  ...more,
})
const statementCase = async (statement: unknown): Promise<Case> =>
  keyCase(await samples.envelope(samples.keySigner, JSON.stringify(statement)))
const statement = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ digest: { sha256: subject.digest.slice(7) } }],
  predicateType,
  predicate: {},
}
const timestampsOf = (bundle: LooseBundle): { signedTimestamp: string }[] =>
  bundle.verificationMaterial.timestampVerificationData?.rfc3161Timestamps ?? []
const firstEntry = (bundle: LooseBundle) => bundle.verificationMaterial.tlogEntries[0]!

/** At least one really forged, moved, expired or mismatched signature for every reason there is. */
const table: Record<Exclude<RefusalReason, NotationReason>, Row[]> = {
  'too-large': [
    [
      'a blob beyond the limit',
      () => ({
        material: { ...toMaterial(keyless), payload: Buffer.alloc(payloadBytesMax + 1) },
      }),
    ],
    [
      'more log entries than anyone makes',
      () =>
        keylessCase((bundle) => {
          bundle.verificationMaterial.tlogEntries = Array.from({ length: 11 }, () =>
            firstEntry(bundle),
          )
        }),
    ],
  ],
  malformed: [
    ['no JSON', () => ({ material: { ...toMaterial(keyless), payload: Buffer.from('{"a":') } })],
    [
      'JSON nested without end',
      () => ({
        material: { ...toMaterial(keyless), payload: Buffer.from(`{"a":${'['.repeat(100_000)}`) },
      }),
    ],
    [
      'two signatures in one envelope',
      () =>
        keylessCase(({ dsseEnvelope }) => {
          dsseEnvelope.signatures.push(...dsseEnvelope.signatures)
        }),
    ],
    [
      'a tag without the annotation that holds the signature',
      () => keyCase({ ...toMaterial(tag), annotations: {} }),
    ],
  ],
  'not-supported': [
    [
      'a version of the bundle that is to come',
      () =>
        keylessCase((bundle) => {
          bundle.mediaType = 'application/vnd.dev.sigstore.bundle.v0.9+json'
        }),
    ],
    [
      'a bundle that signs bytes, not a statement',
      () =>
        keyCase(
          change(byKey, (bundle) => {
            const messageSignature = {
              messageDigest: {
                algorithm: 'SHA2_256',
                digest: sha256(Buffer.from('')).toString('base64'),
              },
              signature: bundle.dsseEnvelope.signatures[0]?.sig,
            }
            Object.assign(bundle, { dsseEnvelope: undefined, messageSignature })
          }),
        ),
    ],
  ],
  'subject-digest-unsupported': [
    [
      'an image by sha512',
      () => ({
        material: toMaterial(keyless),
        about: { digest: `sha512:${'0'.repeat(128)}` },
      }),
    ],
  ],
  'key-unknown': [
    [
      'the key of a stranger',
      async () => {
        const signer = localSigner(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
        return keyCase(toMaterial(await signImage({ subject, signer })))
      },
    ],
  ],
  'no-trusted-identity': [
    [
      'nobody is trusted',
      () => ({ material: toMaterial(keyless), trust: { identities: [], roots: [] } }),
    ],
  ],
  'no-trusted-root': [
    [
      'no root is imported',
      () => ({
        material: toMaterial(keyless),
        trust: { ...samples.keylessTrust, roots: [] },
      }),
    ],
    [
      'the identity is bound to another root',
      () => ({
        material: toMaterial(keyless),
        trust: keylessWith({ root: 'public' }),
      }),
    ],
  ],
  'certificate-not-accepted': [
    ['a certificate where keys are demanded', () => keyCase(toMaterial(keyless))],
    [
      'a certificate for the very key that is trusted',
      async () => {
        const pair = { publicKey: publicOf(), privateKey: samples.key }
        return keyCase(toMaterial(await signCertified(await samples.certified({}, pair))))
      },
    ],
  ],
  'key-not-accepted': [
    ['a key where certificates are demanded', () => ({ material: toMaterial(byKey) })],
  ],
  'signature-invalid': [
    [
      'one bit of the signature is another',
      () =>
        keyCase(
          change(byKey, ({ dsseEnvelope: { signatures } }) => {
            signatures[0]!.sig = flip(signatures[0]!.sig)
          }),
        ),
    ],
    [
      'the statement is about this image, the signature over another statement',
      async () => {
        const other = await signImage({ subject: otherSubject, signer: samples.keySigner })
        return keyCase(
          change(byKey, (bundle) => {
            bundle.dsseEnvelope.signatures = (
              JSON.parse(other.blob.toString()) as LooseBundle
            ).dsseEnvelope.signatures
          }),
        )
      },
    ],
    [
      'a stranger signs and names the trusted key',
      async () => {
        const signer = localSigner(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
        const hint = (JSON.parse(byKey.blob.toString()) as LooseBundle).verificationMaterial
          .publicKey
        return keyCase(
          change(await signImage({ subject, signer }), (bundle) => {
            bundle.verificationMaterial.publicKey = hint!
          }),
        )
      },
    ],
    [
      'the blob under a tag is another',
      () =>
        keyCase({
          ...toMaterial(tag),
          payload: Buffer.from(Buffer.from(tag.blob).toString().replace('a.test/b', 'b.test/a')),
        }),
    ],
  ],
  'key-too-weak': [
    ['a certificate for RSA of 1024 bits', () => certifiedCase(samples.certified({}, weakPair()))],
  ],
  'certificate-malformed': [
    [
      'bytes that are no certificate',
      () =>
        keylessCase(({ verificationMaterial }) => {
          verificationMaterial.certificate!.rawBytes =
            Buffer.from('no certificate').toString('base64')
        }),
    ],
  ],
  'certificate-untrusted': [
    [
      'a certificate of an authority that nobody imported',
      () => certifiedCase(samples.certified({}, undefined, foreign)),
    ],
  ],
  'certificate-expired': [
    [
      'signed two days after the certificate had ended',
      () => certifiedCase(samples.certified({ notBefore: new Date(Date.now() - 2880 * minute) })),
    ],
  ],
  'certificate-not-for-signing': [
    [
      'a certificate for a web server',
      () => certifiedCase(samples.certified({ usage: webServer })),
    ],
    [
      'a certificate that is an authority',
      () => certifiedCase(samples.certified({ isAuthority: true })),
    ],
  ],
  'sct-missing': [
    ['a certificate that was not logged', () => certifiedCase(samples.certified({ sct: 'none' }))],
  ],
  'sct-invalid': [
    [
      'a certificate logged where nobody looks',
      () => certifiedCase(samples.certified({ sct: 'foreign' })),
    ],
  ],
  'issuer-mismatch': [
    [
      'the right address by another issuer',
      () => certifiedCase(samples.certified({ issuer: 'https://issuer.test.example' })),
    ],
  ],
  'identity-mismatch': [
    ['somebody else', () => certifiedCase(samples.certified({ subject: 'builds@example.org' }))],
    [
      'the trusted address inside a longer one',
      () => certifiedCase(samples.certified({ subject: `x${somebody}` })),
    ],
  ],
  'extension-mismatch': [
    [
      'another repository of the same issuer',
      async () => ({
        ...(await certifiedCase(
          samples.certified({ extensions: { '1.3.6.1.4.1.57264.1.12': 'https://a.test/fork' } }),
        )),
        trust: keylessWith({ extensions: { '1.3.6.1.4.1.57264.1.12': 'https://a.test/app' } }),
      }),
    ],
  ],
  'log-entry-missing': [
    [
      'a certificate with a timestamp alone',
      () => ({
        material: change(stamped, ({ verificationMaterial }) => {
          verificationMaterial.tlogEntries = []
        }),
      }),
    ],
    [
      'a key that must be logged, without an entry',
      () =>
        keyCase(toMaterial(byKey), {
          trust: {
            identities: samples.keyTrust.identities.map(
              (identity) => ({ ...identity, requireLog: true }) as TrustedIdentity,
            ),
            roots: samples.keylessTrust.roots,
          },
        }),
    ],
  ],
  'log-entry-duplicate': [
    [
      'the same entry twice',
      () => ({
        material: change(stamped, ({ verificationMaterial: { tlogEntries } }) => {
          tlogEntries.push(...tlogEntries)
        }),
      }),
    ],
  ],
  'log-entry-unsupported': [
    [
      'an entry of a kind without a signature',
      () =>
        keylessCase((bundle) => {
          firstEntry(bundle).kindVersion = { kind: 'alpine', version: '0.0.1' }
        }),
    ],
  ],
  'log-entry-of-another-signature': [
    [
      'the entry of another signature by the same certificate',
      async () => {
        const signer = await samples.certified()
        const first = await signCertified(signer)
        const second = JSON.parse((await signCertified(signer)).blob.toString()) as LooseBundle
        return {
          material: change(first, ({ verificationMaterial }) => {
            verificationMaterial.tlogEntries = second.verificationMaterial.tlogEntries
          }),
        }
      },
    ],
  ],
  'log-entry-of-another-key': [
    [
      'the signature, logged by somebody else as theirs',
      () =>
        keylessCase((bundle) => {
          const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
          const body = JSON.parse(
            Buffer.from(firstEntry(bundle).canonicalizedBody, 'base64').toString(),
          )
          const pem = stranger.export({ type: 'spki', format: 'pem' })
          body.spec.signatures[0].verifier = Buffer.from(pem).toString('base64')
          const bytes = Buffer.from(JSON.stringify(body))
          const entry = samples.instance.log.add(bytes, 'dsse', '0.0.1', new Date())
          bundle.verificationMaterial.tlogEntries = [entry as never]
        }),
    ],
  ],
  'log-unknown': [
    [
      'an entry in a log that nobody imported',
      () =>
        keylessCase((bundle) => {
          const body = Buffer.from(firstEntry(bundle).canonicalizedBody, 'base64')
          const entry = foreign.log.add(body, 'dsse', '0.0.1', new Date())
          bundle.verificationMaterial.tlogEntries = [entry as never]
        }),
    ],
  ],
  'log-closed': [
    [
      'an entry of a log after its end',
      () => ({
        material: toMaterial(stamped),
        trust: {
          ...samples.keylessTrust,
          roots: [
            parseTrustedRoot(
              'test',
              samples.instance.trustedRoot(({ tlogs }) => {
                tlogs[1]!.publicKey.validFor.end = new Date(Date.now() - minute).toISOString()
              }),
            ),
          ],
        },
      }),
    ],
  ],
  'log-promise-invalid': [
    [
      'the time of the entry set back',
      () =>
        keylessCase((bundle) => {
          const entry = firstEntry(bundle)
          entry.integratedTime = String(Number(entry.integratedTime) - 30)
        }),
    ],
    [
      'the same under a tag',
      () => {
        const annotation = 'dev.sigstore.cosign/bundle'
        const entry = JSON.parse(keylessTag.annotations[annotation] ?? '')
        entry.Payload.integratedTime -= 30
        return {
          material: {
            ...toMaterial(keylessTag),
            annotations: { ...keylessTag.annotations, [annotation]: JSON.stringify(entry) },
          },
        }
      },
    ],
  ],
  'log-proof-invalid': [
    [
      'a proof that leads elsewhere',
      () =>
        keylessCase((bundle) => {
          const { hashes } = firstEntry(bundle).inclusionProof
          hashes[0] = flip(hashes[0] ?? '')
        }),
    ],
  ],
  'log-checkpoint-invalid': [
    [
      'a checkpoint of another size',
      () =>
        keylessCase((bundle) => {
          const { checkpoint } = firstEntry(bundle).inclusionProof
          checkpoint.envelope = checkpoint.envelope.replace(/\n(\d+)\n/, '\n1$1\n')
        }),
    ],
  ],
  'timestamp-missing': [
    [
      'an entry in Rekor 2 without a timestamp',
      () => ({
        material: change(stamped, ({ verificationMaterial }) => {
          delete verificationMaterial.timestampVerificationData
        }),
      }),
    ],
  ],
  'timestamp-invalid': [
    [
      'a timestamp over another signature',
      () => ({
        material: change(stamped, (bundle) => {
          const stamp = samples.instance.timestamps.stamp(Buffer.from('another'))
          timestampsOf(bundle)[0]!.signedTimestamp = stamp.toString('base64')
        }),
      }),
    ],
    [
      'a timestamp of an authority that nobody imported',
      () => ({
        material: change(stamped, (bundle) => {
          const signature = Buffer.from(bundle.dsseEnvelope.signatures[0]?.sig ?? '', 'base64')
          const stamp = foreign.timestamps.stamp(signature)
          timestampsOf(bundle)[0]!.signedTimestamp = stamp.toString('base64')
        }),
      }),
    ],
    [
      'bytes that are no timestamp',
      () => ({
        material: change(stamped, (bundle) => {
          timestampsOf(bundle)[0]!.signedTimestamp = Buffer.from('no timestamp').toString('base64')
        }),
      }),
    ],
  ],
  'timestamp-duplicate': [
    [
      'the same timestamp twice',
      () => ({
        material: change(stamped, (bundle) => {
          timestampsOf(bundle).push(...timestampsOf(bundle))
        }),
      }),
    ],
  ],
  'signed-in-the-future': [
    [
      'logged an hour from now',
      async () => {
        const later = new Date(Date.now() + 60 * minute)
        const signer = await samples.certified({ notBefore: new Date(later.getTime() - minute) })
        const artifact = await signImage({ subject, signer })
        return {
          material: change(artifact, (bundle) => {
            const verifier = Buffer.from(signer.certificatePem ?? '').toString('base64')
            const content = { envelope: JSON.stringify(bundle.dsseEnvelope), verifiers: [verifier] }
            const entry = samples.instance.log.add(
              dsseBody(content as never),
              'dsse',
              '0.0.1',
              later,
            )
            bundle.verificationMaterial.tlogEntries = [entry as never]
          }),
        }
      },
    ],
  ],
  'payload-type-mismatch': [
    [
      'the statement signed as something else',
      async () =>
        keyCase(await samples.envelope(samples.keySigner, JSON.stringify(statement), 'text/plain')),
    ],
    [
      'a document about the image that is no signature, under a tag',
      async () => {
        const blob = Buffer.from(
          tag.blob.toString().replace('cosign container image signature', 'note'),
        )
        const signature = (await samples.keySigner.sign(blob)).toString('base64')
        const annotations = { 'dev.cosignproject.cosign/signature': signature }
        return keyCase({ ...toMaterial(tag), payload: blob, annotations })
      },
    ],
  ],
  'statement-malformed': [
    [
      'a statement of another kind',
      () => statementCase({ ...statement, _type: 'https://a.test/v1' }),
    ],
    ['no JSON', async () => keyCase(await samples.envelope(samples.keySigner, 'no JSON'))],
  ],
  'subject-missing': [
    ['a statement about nothing', () => statementCase({ ...statement, subject: [] })],
    [
      'a payload without a digest, under a tag',
      async () => {
        const blob = Buffer.from(tag.blob.toString().replace('docker-manifest-digest', 'digest'))
        const signature = (await samples.keySigner.sign(blob)).toString('base64')
        const annotations = { 'dev.cosignproject.cosign/signature': signature }
        return keyCase({ ...toMaterial(tag), payload: blob, annotations })
      },
    ],
  ],
  'subject-mismatch': [
    ['a bundle moved to another image', () => keyCase(toMaterial(byKey), { about: otherSubject })],
    [
      'a keyless bundle moved to another image',
      () => ({
        material: toMaterial(keyless),
        about: otherSubject,
      }),
    ],
    ['a tag moved to another image', () => keyCase(toMaterial(tag), { about: otherSubject })],
    [
      'the digest under another algorithm alone',
      () =>
        statementCase({ ...statement, subject: [{ digest: { sha1: subject.digest.slice(7) } }] }),
    ],
  ],
  'not-a-signature': [
    [
      'an attestation where a signature is asked',
      async () =>
        keyCase(
          toMaterial(
            await attest({ subject, signer: samples.keySigner, predicateType, predicate: {} }),
          ),
          {
            options: { expect: 'signature' },
          },
        ),
    ],
  ],
  'predicate-type-mismatch': [
    [
      'an attestation of another type',
      async () =>
        keyCase(
          toMaterial(
            await attest({ subject, signer: samples.keySigner, predicateType, predicate: {} }),
          ),
          {
            options: { expect: { predicateType: 'https://slsa.dev/provenance/v1' } },
          },
        ),
    ],
    [
      'a signature where an attestation is asked',
      () => keyCase(toMaterial(byKey), { options: { expect: { predicateType } } }),
    ],
  ],
  'annotation-mismatch': [
    [
      'a manifest that announces another type',
      async () => {
        const artifact = await attest({
          subject,
          signer: samples.keySigner,
          predicateType,
          predicate: {},
        })
        const annotations = {
          ...artifact.annotations,
          'dev.sigstore.bundle.predicateType': 'https://sigstore.dev/cosign/sign/v1',
        }
        return keyCase({ ...toMaterial(artifact), annotations })
      },
    ],
  ],
  'predicate-malformed': [
    ['a predicate that is a text', () => statementCase({ ...statement, predicate: 'all is well' })],
  ],
}

const publicOf = () => createPublicKey(samples.keySigner.publicKeyPem)

beforeAll(async () => {
  samples = await makeSamples()
  foreign = await makeInstance('foreign.test')
  keyless = await signCertified(await samples.certified())
  const witnesses = [samples.rekor(2), samples.stamps]
  stamped = await signImage({ subject, signer: await samples.certified(), witnesses })
  byKey = await signImage({ subject, signer: samples.keySigner })
  tag = await signImageForTag({ subject, signer: samples.keySigner, reference: 'a.test/b' })
  const signer = await samples.certified()
  keylessTag = await signImageForTag({
    subject,
    signer,
    witnesses: [samples.rekor(1)],
    reference: 'a.test/b',
  })
})
afterAll(() => {
  samples?.close()
  foreign?.close()
})

test('what the forgeries start from verifies', async () => {
  const keylessMaterials = [keyless, stamped, keylessTag].map(toMaterial)
  const keyMaterials = [byKey, tag].map(toMaterial)
  for (const [materials, trust] of [
    [keylessMaterials, samples.keylessTrust],
    [keyMaterials, samples.keyTrust],
  ] as const) {
    for (const material of materials) {
      expect(await verifySignature(material, subject, trust)).toMatchObject({
        state: 'verified',
        what: 'signature',
      })
    }
  }
})

describe.each(Object.entries(table))('refused: %s', (reason, rows) => {
  test.each(rows)('%s', async (_, make) => {
    const { material, trust = samples.keylessTrust, about = subject, options } = await make()
    const verdict = await verifySignature(material, about, trust, options)
    expect(verdict).toMatchObject({ state: 'refused', reason })
    expect(verdict).toHaveProperty('message', expect.stringMatching(/^[A-Z].{20,400}\.$/s))
  })
})
