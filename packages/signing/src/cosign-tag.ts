import { createHash, X509Certificate } from 'node:crypto'
import { isJsonObject, type JsonObject } from '@berth/oci/json-guard.ts'
import { decodeBase64, parseJsonObject } from './json.ts'
import { annotationBytesMax } from './limits.ts'
import { Refusal } from './refusal.ts'
import type { SignatureMaterial } from './signature.ts'

export const signatureAnnotation = 'dev.cosignproject.cosign/signature'
export const certificateAnnotation = 'dev.sigstore.cosign/certificate'
export const logAnnotation = 'dev.sigstore.cosign/bundle'
export const timestampAnnotation = 'dev.sigstore.cosign/rfc3161timestamp'

/**
 * What cosign before version 3 spread over a layer and its annotations, as the JSON of a bundle 0.1, which is the last
 * that may do without an inclusion proof. So both forms go the same way through verification.
 * The chain annotation is not read: only the chains of trusted roots count.
 */
export function bundleOfTag(material: SignatureMaterial): JsonObject {
  for (const [key, value] of Object.entries(material.annotations)) {
    if (value.length > annotationBytesMax) {
      throw new Refusal(
        'too-large',
        `The annotation ${key} has more than ${annotationBytesMax} bytes.`,
      )
    }
  }
  return {
    mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1',
    verificationMaterial: {
      ...readKey(material),
      tlogEntries: readLogEntries(material),
      timestampVerificationData: { rfc3161Timestamps: readTimestamps(material) },
    },
    ...(material.format === 'cosign-tag'
      ? { messageSignature: readSignature(material) }
      : { dsseEnvelope: readEnvelope(material) }),
  }
}

function readSignature(material: SignatureMaterial): JsonObject {
  const signature = material.annotations[signatureAnnotation]
  if (decodeBase64(signature) === undefined) {
    throw new Refusal(
      'malformed',
      `The layer has no signature: its annotation ${signatureAnnotation} is missing or not base64.`,
    )
  }
  const digest = createHash('sha256').update(material.payload).digest('base64')
  return { messageDigest: { algorithm: 'SHA2_256', digest }, signature }
}

function readEnvelope(material: SignatureMaterial): JsonObject {
  const envelope = parseJsonObject(material.payload, 'The DSSE envelope')
  const signatures = Array.isArray(envelope.signatures) ? envelope.signatures : []
  if (signatures.length !== 1) {
    throw new Refusal(
      'malformed',
      `The DSSE envelope must have one signature; it has ${signatures.length}.`,
    )
  }
  return envelope
}

function readKey(material: SignatureMaterial): JsonObject {
  const pem = material.annotations[certificateAnnotation]
  if (pem === undefined || pem === '') return { publicKey: { hint: '' } }
  try {
    const rawBytes = new X509Certificate(pem).raw.toString('base64')
    return { x509CertificateChain: { certificates: [{ rawBytes }] } }
  } catch {
    throw new Refusal(
      'certificate-malformed',
      `The annotation ${certificateAnnotation} is not a PEM certificate.`,
    )
  }
}

/** `{SignedEntryTimestamp, Payload: {body, integratedTime, logIndex, logID}}`, as Rekor 1 answers. */
function readLogEntries(material: SignatureMaterial): JsonObject[] {
  const json = material.annotations[logAnnotation]
  if (json === undefined || json === '') return []
  const entry = parseJsonObject(Buffer.from(json), `The annotation ${logAnnotation}`)
  const payload = isJsonObject(entry.Payload) ? entry.Payload : {}
  const body = decodeBase64(payload.body)
  const { integratedTime, logIndex, logID } = payload
  if (
    body === undefined ||
    decodeBase64(entry.SignedEntryTimestamp) === undefined ||
    !Number.isSafeInteger(integratedTime) ||
    !Number.isSafeInteger(logIndex) ||
    typeof logID !== 'string' ||
    !/^(?:[0-9a-f]{2}){1,64}$/.test(logID)
  ) {
    throw new Refusal('malformed', `The annotation ${logAnnotation} is not a log entry of Rekor.`)
  }
  const content = parseJsonObject(body, 'The body of the log entry')
  return [
    {
      logIndex: String(logIndex),
      logId: { keyId: Buffer.from(logID, 'hex').toString('base64') },
      kindVersion: { kind: String(content.kind), version: String(content.apiVersion) },
      integratedTime: String(integratedTime),
      inclusionPromise: { signedEntryTimestamp: entry.SignedEntryTimestamp },
      canonicalizedBody: payload.body,
    },
  ]
}

function readTimestamps(material: SignatureMaterial): JsonObject[] {
  const json = material.annotations[timestampAnnotation]
  if (json === undefined || json === '') return []
  const { SignedRFC3161Timestamp: signedTimestamp } = parseJsonObject(
    Buffer.from(json),
    `The annotation ${timestampAnnotation}`,
  )
  if (decodeBase64(signedTimestamp) === undefined) {
    throw new Refusal('malformed', `The annotation ${timestampAnnotation} holds no timestamp.`)
  }
  return [{ signedTimestamp }]
}
