import { X509Certificate } from 'node:crypto'
import { isJsonObject, type JsonObject } from '@berth/oci/json-guard.ts'
import { parseJsonObject } from './json.ts'
import { annotationBytesMax, chainMax } from './limits.ts'
import { quoted, Refusal } from './refusal.ts'

/** A JWS envelope of the Notary Project (specification signature-envelope-jws), read but not verified. */
export type NotationEnvelope = {
  /** What is signed: the two encoded parts with a dot between them (RFC 7515, section 5.1). */
  readonly signed: Buffer
  readonly signature: Buffer
  readonly algorithm: string
  readonly payload: Buffer
  readonly payloadType: string
  readonly expiry: Date | undefined
  /** Of the signer first, to the root. */
  readonly chain: readonly X509Certificate[]
}

export const notationPayloadType = 'application/vnd.cncf.notary.payload.v1+json'
export const signingScheme = 'notary.x509'
export const schemeHeader = 'io.cncf.notary.signingScheme'
export const expiryHeader = 'io.cncf.notary.expiry'
export const timeHeader = 'io.cncf.notary.signingTime'

/** An envelope has a chain and a small payload; notation itself stops at 1 MiB. */
const envelopeBytesMax = 1024 * 1024

/** Reads the envelope and judges its headers: scheme, critical headers, and that what must be critical is. */
export function readNotationEnvelope(bytes: Uint8Array): NotationEnvelope {
  if (bytes.byteLength > envelopeBytesMax) {
    throw new Refusal('too-large', `A Notation envelope has at most ${envelopeBytesMax} bytes.`)
  }
  const envelope = parseJsonObject(bytes, 'The Notation envelope')
  const { protected: encodedHeader, payload: encodedPayload } = envelope
  const header = decodeBase64Url(encodedHeader)
  const payload = decodeBase64Url(encodedPayload)
  const signature = decodeBase64Url(envelope.signature)
  if (header === undefined || payload === undefined || signature === undefined) {
    throw new Refusal(
      'malformed',
      'The Notation envelope must have payload, protected and signature in base64url.',
    )
  }
  const headers = parseJsonObject(header, 'The protected header')
  checkScheme(headers)
  return {
    signed: Buffer.from(`${String(encodedHeader)}.${String(encodedPayload)}`),
    signature,
    algorithm: String(headers.alg),
    payload,
    payloadType: String(headers.cty),
    expiry: readExpiry(headers),
    chain: readChain(envelope.header),
  }
}

function checkScheme(headers: JsonObject): void {
  const scheme = headers[schemeHeader]
  if (scheme !== signingScheme) {
    throw new Refusal(
      'signing-scheme-unsupported',
      `The signing scheme is ${quoted(String(scheme))}; Berth reads ${signingScheme} alone.`,
    )
  }
  const critical: unknown[] = Array.isArray(headers.crit) ? headers.crit : []
  const unknown = critical.find((name) => name !== schemeHeader && name !== expiryHeader)
  if (unknown !== undefined) {
    throw new Refusal(
      'critical-header-unknown',
      `The header ${quoted(JSON.stringify(unknown))} is critical, and Berth does not know what it demands.`,
    )
  }
  const needed = [schemeHeader, ...(headers[expiryHeader] === undefined ? [] : [expiryHeader])]
  const missing = needed.find((name) => !critical.includes(name))
  if (missing !== undefined) {
    throw new Refusal('malformed', `The header ${missing} must be marked as critical.`)
  }
}

function readExpiry(headers: JsonObject): Date | undefined {
  const text = headers[expiryHeader]
  if (text === undefined) return undefined
  const time = typeof text === 'string' ? new Date(text) : undefined
  if (time === undefined || Number.isNaN(time.getTime())) {
    throw new Refusal('malformed', `The header ${expiryHeader} is not a time.`)
  }
  return time
}

function readChain(header: unknown): X509Certificate[] {
  const encoded = isJsonObject(header) ? header.x5c : undefined
  if (!Array.isArray(encoded) || encoded.length === 0 || encoded.length > chainMax) {
    throw new Refusal(
      'certificate-malformed',
      `The envelope must bring a chain (x5c) of 1 to ${chainMax} certificates.`,
    )
  }
  return encoded.map((entry: unknown) => {
    try {
      if (typeof entry !== 'string' || entry.length > annotationBytesMax) throw new Error('no text')
      return new X509Certificate(Buffer.from(entry, 'base64'))
    } catch {
      throw new Refusal('certificate-malformed', 'A certificate of the chain (x5c) cannot be read.')
    }
  })
}

function decodeBase64Url(text: unknown): Buffer | undefined {
  if (typeof text !== 'string' || text === '') return undefined
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}
