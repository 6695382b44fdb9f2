import { isJsonObject } from '@berth/oci/json-guard.ts'
import { parseJsonObject, stringMembers } from './json.ts'
import { quoted, Refusal } from './refusal.ts'
import type { SignedContent } from './statement.ts'
import type { Subject } from './subject.ts'

const signatureType = 'cosign container image signature'

/**
 * Reads a verified simple signing payload, as cosign before version 3 signs, and demands that it is about the subject.
 * The reference inside is not compared: a signature stays good when its image is copied elsewhere.
 */
export function readSimpleSigning(payload: Uint8Array, subject: Subject): SignedContent {
  const document = parseJsonObject(payload, 'The signed payload')
  const critical = isJsonObject(document.critical) ? document.critical : {}
  if (critical.type !== signatureType) {
    throw new Refusal(
      'payload-type-mismatch',
      `The signed payload is of the type ${quoted(String(critical.type))}, not ${quoted(signatureType)}.`,
    )
  }
  const image = isJsonObject(critical.image) ? critical.image : {}
  const digest = image['docker-manifest-digest']
  if (typeof digest !== 'string') {
    throw new Refusal('subject-missing', 'The signed payload names no image digest.')
  }
  if (digest !== subject.digest) {
    throw new Refusal(
      'subject-mismatch',
      `The signature is valid, but about ${quoted(digest)}, not about ${subject.digest}.`,
    )
  }
  return { what: 'signature', annotations: stringMembers(document.optional) }
}

/** Writes such a payload. `reference` is the repository, for people who read it. */
export function writeSimpleSigning(options: {
  subject: Subject
  reference: string
  annotations?: Readonly<Record<string, string>>
}): Buffer {
  return Buffer.from(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': options.reference },
        image: { 'docker-manifest-digest': options.subject.digest },
        type: signatureType,
      },
      optional: options.annotations ?? null,
    }),
  )
}
