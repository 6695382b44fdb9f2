/** Chains and envelopes of Notation for tests; headers may be anything. */
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs it loaded first
import 'reflect-metadata'
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { localSigner, type Signer } from '../signer.ts'
import type { SignatureMaterial } from '../signature.ts'
import { dayMilliseconds, makeCa, makePair } from './authority.ts'

/** Reasons that only Notation signatures are refused for. */
export type NotationReason =
  | 'algorithm-mismatch'
  | 'notation-not-accepted'
  | 'signature-expired'
  | 'critical-header-unknown'
  | 'signing-scheme-unsupported'

export type NotationChain = {
  readonly privateKey: KeyObject
  readonly signer: Signer
  /** The signer's first, then the root's. */
  readonly pem: readonly [leaf: string, root: string]
}

export async function makeNotationChain(
  options: { notAfter?: Date; usage?: string; name?: string } = {},
): Promise<NotationChain> {
  const root = await makePair()
  const leaf = await makePair()
  const authority = await makeCa('O=notation.test, CN=root', root, undefined)
  const certificate = await x509.X509CertificateGenerator.create({
    subject: options.name ?? 'C=AT, O=notation.test, CN=builds',
    issuer: authority.subject,
    notBefore: new Date(Date.now() - 5 * dayMilliseconds),
    notAfter: options.notAfter ?? new Date(Date.now() + 5 * dayMilliseconds),
    publicKey: leaf.keys.publicKey,
    signingKey: root.keys.privateKey,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([options.usage ?? x509.ExtendedKeyUsage.codeSigning]),
    ],
  })
  return {
    privateKey: leaf.privateKey,
    signer: localSigner(leaf.privateKey),
    pem: [`${certificate.toString('pem')}\n`, `${authority.toString('pem')}\n`],
  }
}

const goodHeaders = {
  alg: 'ES256',
  cty: 'application/vnd.cncf.notary.payload.v1+json',
  crit: ['io.cncf.notary.signingScheme'],
  'io.cncf.notary.signingScheme': 'notary.x509',
  'io.cncf.notary.signingTime': '2026-01-01T00:00:00Z',
}

/** Signs whatever it is told to, in the shape of the specification. */
export function notationMaterial(
  chain: NotationChain,
  digest: string,
  headers: Readonly<Record<string, unknown>> = {},
): SignatureMaterial {
  const encode = (value: unknown): string =>
    Buffer.from(JSON.stringify(value)).toString('base64url')
  const header = encode({ ...goodHeaders, ...headers })
  const payload = encode({
    targetArtifact: {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest,
      size: 10,
      annotations: { stage: 'release' },
    },
  })
  const signature = sign('sha256', Buffer.from(`${header}.${payload}`), {
    key: chain.privateKey,
    dsaEncoding: 'ieee-p1363',
  })
  return {
    source: `sha256:${'0'.repeat(64)}`,
    format: 'notation-jws',
    payload: Buffer.from(
      JSON.stringify({
        payload,
        protected: header,
        header: { x5c: chain.pem.map(derOf) },
        signature: signature.toString('base64url'),
      }),
    ),
    annotations: {},
    mediaType: 'application/jose+json',
  }
}

function derOf(pem: string): string {
  return pem.replaceAll(/-----[A-Z ]+-----|\s/g, '')
}

/** A pair of a kind that must not be used. */
export function weakPair(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('rsa', { modulusLength: 1024 })
}
