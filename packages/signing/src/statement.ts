import { isJsonObject, type JsonObject } from '@berth/oci/json-guard.ts'
import { inTotoPayloadType } from './dsse.ts'
import { parseJsonObject, stringMembers } from './json.ts'
import { subjectsMax } from './limits.ts'
import { quoted, Refusal } from './refusal.ts'
import { type Subject, subjectHex } from './subject.ts'

/** What cosign 3 states when it signs an image: nothing but that it did. */
export const signPredicateType = 'https://sigstore.dev/cosign/sign/v1'

const statementTypes = ['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1']

/** What a verified payload says about the image. */
export type SignedContent = {
  readonly what: 'signature' | 'attestation'
  readonly predicateType?: string
  readonly predicate?: unknown
  readonly annotations: Readonly<Record<string, string>>
}

/**
 * Reads a verified in-toto statement (Statement v1 and v0.1) and demands that it is about the subject. One of several
 * subjects is enough, as in a build of many artifacts; the annotations are those of the subject that matched.
 */
export function readStatement(
  payload: Uint8Array,
  payloadType: string,
  subject: Subject,
): SignedContent {
  if (payloadType !== inTotoPayloadType) {
    throw new Refusal(
      'payload-type-mismatch',
      `The signed payload is of the type ${quoted(payloadType)}; only ${inTotoPayloadType} says anything about an image.`,
    )
  }
  const statement = parseStatement(payload)
  const { predicateType } = statement
  if (!statementTypes.includes(String(statement._type)) || typeof predicateType !== 'string') {
    throw new Refusal(
      'statement-malformed',
      `The signed payload is not an in-toto statement: its _type is ${quoted(String(statement._type))}.`,
    )
  }
  const annotations = annotationsOfSubject(statement.subject, subject)
  if (predicateType === signPredicateType) {
    return { what: 'signature', predicateType, annotations }
  }
  if (!isJsonObject(statement.predicate)) {
    throw new Refusal('predicate-malformed', 'The predicate of the attestation must be an object.')
  }
  return { what: 'attestation', predicateType, predicate: statement.predicate, annotations }
}

function parseStatement(payload: Uint8Array): JsonObject {
  try {
    return parseJsonObject(payload, 'The signed statement')
  } catch (error) {
    if (error instanceof Refusal) throw new Refusal('statement-malformed', error.message)
    throw error
  }
}

function annotationsOfSubject(subjects: unknown, subject: Subject): Record<string, string> {
  if (!Array.isArray(subjects) || subjects.length === 0) {
    throw new Refusal('subject-missing', 'The signed statement names no subject.')
  }
  if (subjects.length > subjectsMax) {
    throw new Refusal('too-large', `The signed statement has more than ${subjectsMax} subjects.`)
  }
  const hex = subjectHex(subject)
  const digests: unknown[] = []
  for (const entry of subjects) {
    const digest =
      isJsonObject(entry) && isJsonObject(entry.digest) ? entry.digest.sha256 : undefined
    if (hex !== undefined && digest === hex && isJsonObject(entry))
      return stringMembers(entry.annotations)
    digests.push(digest)
  }
  throw new Refusal(
    'subject-mismatch',
    `The signature is valid, but about sha256:${String(digests[0]).slice(0, 64)}${digests.length > 1 ? ` and ${digests.length - 1} more` : ''}, not about ${subject.digest}.`,
  )
}

/** Writes a statement about one subject, by its digest alone. */
export function writeStatement(options: {
  subject: Subject
  predicateType: string
  predicate: unknown
  annotations?: Readonly<Record<string, string>>
}): Buffer {
  return Buffer.from(
    JSON.stringify({
      _type: statementTypes[0],
      subject: [
        {
          digest: { sha256: subjectHex(options.subject) },
          ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
        },
      ],
      predicateType: options.predicateType,
      predicate: options.predicate,
    }),
  )
}
