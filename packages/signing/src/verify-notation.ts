import { constants, type KeyObject, verify, X509Certificate } from 'node:crypto'
import { isJsonObject } from '@berth/oci/json-guard.ts'
import { parseJsonObject, stringMembers } from './json.ts'
import { checkChain } from './notation-chain.ts'
import {
  type NotationEnvelope,
  notationPayloadType,
  readNotationEnvelope,
} from './notation-envelope.ts'
import { quoted, Refusal } from './refusal.ts'
import type { SignedContent } from './statement.ts'
import type { Subject } from './subject.ts'
import type { NotationIdentity, Trust } from './trust.ts'

/**
 * Verifies a JWS signature of the Notary Project: the signature by the key of the chain's first certificate, the chain,
 * the expiry, the trust store and the signer's name, and that the payload is about the subject. The time that the signer
 * wrote is not believed, and a timestamp beside it is not read: the chain must be valid now.
 */
export function verifyNotation(
  payload: Uint8Array,
  subject: Subject,
  trust: Trust,
  now: Date,
): { identity: string; content: SignedContent } {
  const identities = trust.identities.filter((identity) => identity.kind === 'notation')
  if (identities.length === 0) {
    throw new Refusal(
      'notation-not-accepted',
      'It is a Notation signature, and no certificates for those are trusted here.',
    )
  }
  const envelope = readNotationEnvelope(payload)
  checkSignature(envelope)
  checkChain(envelope.chain, now)
  const identity = matchIdentity(envelope.chain, identities)
  if (envelope.expiry !== undefined && envelope.expiry < now) {
    throw new Refusal(
      'signature-expired',
      `The signer let the signature end at ${envelope.expiry.toISOString()}. Sign again.`,
    )
  }
  return { identity: identity.name, content: readPayload(envelope, subject) }
}

/** The algorithm follows from the key (signature specification, "Algorithm selection"), never from the header alone. */
function checkSignature({ chain, algorithm, signed, signature }: NotationEnvelope): void {
  const key = chain[0]?.publicKey
  const expected = key === undefined ? undefined : algorithmOf(key)
  if (key === undefined || expected === undefined) {
    throw new Refusal(
      'key-too-weak',
      'The key of the signer must be RSA with 2048, 3072 or 4096 bits, or ECDSA on P-256, P-384 or P-521.',
    )
  }
  if (algorithm !== expected) {
    throw new Refusal(
      'algorithm-mismatch',
      `The header names the algorithm ${quoted(algorithm)}; with this key it must be ${expected}.`,
    )
  }
  const options = expected.startsWith('PS')
    ? {
        key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      }
    : { key, dsaEncoding: 'ieee-p1363' as const }
  if (!verify(`sha${expected.slice(2)}`, signed, options, signature)) {
    throw new Refusal('signature-invalid', 'The signature does not fit what it is over.')
  }
}

/** The JWS name of the one algorithm that a key may be used with. */
export function algorithmOf(key: KeyObject): string | undefined {
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'ec') {
    return { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' }[namedCurve ?? '']
  }
  if (key.asymmetricKeyType !== 'rsa') return undefined
  return { 2048: 'PS256', 3072: 'PS384', 4096: 'PS512' }[modulusLength ?? 0]
}

function matchIdentity(
  chain: readonly X509Certificate[],
  identities: readonly NotationIdentity[],
): NotationIdentity {
  const trusting = identities.filter(({ certificates }) =>
    certificates.some((pem) => {
      const { raw } = new X509Certificate(pem)
      return chain.some((certificate) => certificate.raw.equals(raw))
    }),
  )
  const subject = attributesOf((chain[0]?.subject ?? '').split('\n'))
  if (trusting.length === 0) {
    throw new Refusal(
      'certificate-untrusted',
      'No certificate of the chain is one of the trusted certificates.',
    )
  }
  const found = trusting.find(
    ({ subjects }) => subjects === undefined || subjects.some((name) => isNamed(subject, name)),
  )
  if (found !== undefined) return found
  throw new Refusal(
    'identity-mismatch',
    `The signer is ${quoted([...subject].join(', '))}, who is not accepted here.`,
  )
}

/** Whether a certificate's subject has every attribute of a distinguished name such as `CN=build, O=Example`. */
function isNamed(subject: ReadonlySet<string>, name: string): boolean {
  const wanted = attributesOf(name.split(/(?<!\\),/))
  return wanted.size > 0 && [...wanted].every((attribute) => subject.has(attribute))
}

function attributesOf(parts: readonly string[]): ReadonlySet<string> {
  const attributes = parts.flatMap((part) => {
    const equals = part.indexOf('=')
    if (equals === -1) return []
    return [`${part.slice(0, equals).trim().toUpperCase()}=${part.slice(equals + 1).trim()}`]
  })
  return new Set(attributes)
}

function readPayload(envelope: NotationEnvelope, subject: Subject): SignedContent {
  if (envelope.payloadType !== notationPayloadType) {
    throw new Refusal(
      'payload-type-mismatch',
      `The signed payload is of the type ${quoted(envelope.payloadType)}, not ${notationPayloadType}.`,
    )
  }
  const document = parseJsonObject(envelope.payload, 'The signed payload')
  const target = isJsonObject(document.targetArtifact) ? document.targetArtifact : {}
  if (typeof target.digest !== 'string') {
    throw new Refusal('subject-missing', 'The signed payload names no artifact.')
  }
  if (target.digest !== subject.digest) {
    throw new Refusal(
      'subject-mismatch',
      `The signature is valid, but about ${quoted(target.digest)}, not about ${subject.digest}.`,
    )
  }
  return { what: 'signature', annotations: stringMembers(target.annotations) }
}
