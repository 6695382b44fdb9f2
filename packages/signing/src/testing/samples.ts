/** Good signatures of every kind, and the trust under which they verify: the start of each forgery. */
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { localSigner, type Signer } from '../signer.ts'
import { preAuthEncoding } from '../dsse.ts'
import { publicKeyDer } from '../public-key.ts'
import { rekorWitness } from '../rekor.ts'
import type { SignatureArtifact } from '../sign.ts'
import type { SignatureFormat, SignatureMaterial } from '../signature.ts'
import { timestampWitness } from '../timestamp-authority.ts'
import type { Trust } from '../trust.ts'
import { parseTrustedRoot } from '../trusted-root.ts'
import type { LeafOptions } from './authority.ts'
import { makeInstance, type TestInstance } from './instance.ts'
import { makeServices, type TestServices } from './services.ts'

export const subject = { digest: `sha256:${createHash('sha256').update('image').digest('hex')}` }
export const otherSubject = {
  digest: `sha256:${createHash('sha256').update('other').digest('hex')}`,
}
export const somebody = 'builds@example.com'
const url = 'http://sigstore.test'

const formats: Record<SignatureArtifact['place'], SignatureFormat> = {
  bundle: 'sigstore-bundle',
  notation: 'notation-jws',
  'signature-tag': 'cosign-tag',
  'attestation-tag': 'cosign-attestation-tag',
}

export function toMaterial(artifact: SignatureArtifact): SignatureMaterial {
  return {
    source: `sha256:${'0'.repeat(64)}`,
    format: formats[artifact.place],
    payload: artifact.blob,
    annotations: artifact.annotations,
    mediaType: artifact.mediaType,
  }
}

/** A bundle's JSON, loosely typed so that it can be damaged. */
export type LooseBundle = {
  mediaType: string
  verificationMaterial: {
    publicKey?: { hint: string }
    certificate?: { rawBytes: string }
    tlogEntries: LooseEntry[]
    timestampVerificationData?: { rfc3161Timestamps: { signedTimestamp: string }[] }
  }
  dsseEnvelope: { payload: string; payloadType: string; signatures: { sig: string }[] }
}
type LooseEntry = {
  logId: { keyId: string }
  kindVersion: { kind: string; version: string }
  integratedTime: string
  inclusionPromise: { signedEntryTimestamp: string }
  inclusionProof: { hashes: string[]; checkpoint: { envelope: string } }
  canonicalizedBody: string
}

/** The same material with its bundle changed. */
export function change(
  artifact: SignatureArtifact,
  how: (bundle: LooseBundle) => void,
): SignatureMaterial {
  const bundle = JSON.parse(artifact.blob.toString()) as LooseBundle
  how(bundle)
  return { ...toMaterial(artifact), payload: Buffer.from(JSON.stringify(bundle)) }
}

/** Changes one bit of base64. */
export function flip(base64: string): string {
  const bytes = Buffer.from(base64, 'base64')
  const last = bytes.length - 1
  bytes[last] = (bytes[last] ?? 0) ^ 1
  return bytes.toString('base64')
}

export type Samples = {
  readonly instance: TestInstance
  readonly services: TestServices
  readonly key: KeyObject
  readonly keySigner: Signer
  readonly keyTrust: Trust
  readonly keylessTrust: Trust
  readonly rekor: (version: 1 | 2) => ReturnType<typeof rekorWitness>
  readonly stamps: ReturnType<typeof timestampWitness>
  /** A signer under a certificate issued as told, without asking for a token. */
  certified(
    options?: Partial<LeafOptions>,
    pair?: { publicKey: KeyObject; privateKey: KeyObject },
    from?: TestInstance,
  ): Promise<Signer>
  /** An envelope over any payload, signed and logged as `signImage` would do it. */
  envelope(signer: Signer, payload: string, payloadType?: string): Promise<SignatureMaterial>
  close(): void
}

export async function makeSamples(): Promise<Samples> {
  const instance = await makeInstance()
  const services = makeServices(instance)
  const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const keySigner = localSigner(key)
  return {
    instance,
    services,
    key,
    keySigner,
    keyTrust: {
      identities: [{ name: 'release', kind: 'key', publicKeyPem: keySigner.publicKeyPem }],
      roots: [],
    },
    keylessTrust: {
      identities: [{ name: 'builds', kind: 'keyless', issuer: services.issuer, subject: somebody }],
      roots: [parseTrustedRoot('test', instance.trustedRoot())],
    },
    rekor: (version) => rekorWitness({ url, version, fetch: services.fetch }),
    stamps: timestampWitness({ url: `${url}/api/v1/timestamp`, fetch: services.fetch }),
    async certified(options = {}, pair, from = instance) {
      const { publicKey, privateKey } = pair ?? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const leaf = await from.authority.issue({
        publicKey: new Uint8Array(publicKeyDer(publicKey)),
        subject: somebody,
        issuer: services.issuer,
        ...options,
      })
      return { ...localSigner(privateKey), certificatePem: leaf.pem }
    },
    async envelope(signer, payload, payloadType = 'application/vnd.in-toto+json') {
      const bytes = Buffer.from(payload)
      const sig = await signer.sign(preAuthEncoding(payloadType, bytes))
      const bundle = {
        mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
        verificationMaterial: { publicKey: { hint: '' } },
        dsseEnvelope: {
          payload: bytes.toString('base64'),
          payloadType,
          signatures: [{ sig: sig.toString('base64') }],
        },
      }
      return {
        source: `sha256:${'0'.repeat(64)}`,
        format: 'sigstore-bundle',
        payload: Buffer.from(JSON.stringify(bundle)),
        annotations: {},
        mediaType: bundle.mediaType,
      }
    },
    close: () => instance.close(),
  }
}
