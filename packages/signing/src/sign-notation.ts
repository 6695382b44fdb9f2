import { createHash, createPublicKey, X509Certificate } from 'node:crypto'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import {
  expiryHeader,
  notationPayloadType,
  schemeHeader,
  signingScheme,
  timeHeader,
} from './notation-envelope.ts'
import { KeyInvalid } from './public-key.ts'
import type { SignatureArtifact } from './sign.ts'
import type { Signer } from './signer.ts'
import { algorithmOf } from './verify-notation.ts'

/**
 * Signs an image as `notation sign --signature-format jws` does. `chain` is PEM, the signer's certificate first, down to
 * the root. ECDSA keys alone: `Signer` signs RSA in the form of Sigstore, which Notation does not take. Throws
 * `KeyInvalid` for another key, or one that is not the certificate's.
 */
export async function signNotation(options: {
  subject: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>
  signer: Signer
  chain: readonly string[]
  annotations?: Readonly<Record<string, string>>
  expiry?: Date
  now: Date
}): Promise<SignatureArtifact> {
  const { subject, signer, annotations, expiry } = options
  const chain = options.chain.map((pem) => new X509Certificate(pem))
  const key = createPublicKey(signer.publicKeyPem)
  const algorithm = algorithmOf(key)
  if (chain[0]?.publicKey.equals(key) !== true) {
    throw new KeyInvalid('The first certificate of the chain is not one for the signing key.')
  }
  if (algorithm?.startsWith('ES') !== true) {
    throw new KeyInvalid('Notation signatures are made with an ECDSA key on P-256, P-384 or P-521.')
  }
  const { mediaType, digest, size } = subject
  const payload = encode({
    targetArtifact: {
      mediaType,
      digest,
      size,
      ...(annotations === undefined ? {} : { annotations }),
    },
  })
  const header = encode({
    alg: algorithm,
    cty: notationPayloadType,
    crit: [schemeHeader, ...(expiry === undefined ? [] : [expiryHeader])],
    [schemeHeader]: signingScheme,
    [timeHeader]: inSeconds(options.now),
    ...(expiry === undefined ? {} : { [expiryHeader]: inSeconds(expiry) }),
  })
  const der = await signer.sign(Buffer.from(`${header}.${payload}`))
  const thumbprints = chain.map(({ raw }) => createHash('sha256').update(raw).digest('hex'))
  return {
    place: 'notation',
    blob: Buffer.from(
      JSON.stringify({
        payload,
        protected: header,
        header: { x5c: chain.map(({ raw }) => raw.toString('base64')) },
        signature: toFixedLength(der, { ES256: 32, ES384: 48, ES512: 66 }[algorithm] ?? 0),
      }),
    ),
    mediaType: 'application/jose+json',
    annotations: { 'io.cncf.notary.x509chain.thumbprint#S256': JSON.stringify(thumbprints) },
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** RFC 3339 without fractions, as the specification shows it. */
function inSeconds(time: Date): string {
  return time.toISOString().replace(/\.\d+/, '')
}

/** DER `SEQUENCE {r INTEGER, s INTEGER}` as the two numbers side by side (RFC 7518, section 3.4). */
function toFixedLength(der: Buffer, bytes: number): string {
  let at = (der[1] ?? 0) > 0x80 ? 3 : 2
  const numbers: Buffer[] = []
  while (numbers.length < 2) {
    const length = der[at + 1] ?? 0
    const number = der.subarray(at + 2, at + 2 + length)
    const significant = number.subarray(Math.max(0, length - bytes))
    numbers.push(Buffer.concat([Buffer.alloc(bytes - significant.length), significant]))
    at += 2 + length
  }
  return Buffer.concat(numbers).toString('base64url')
}
