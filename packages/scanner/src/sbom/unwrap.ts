import { Unreadable } from '../detector.ts'

/** What an envelope says of the document in it. */
export type Unwrapped = {
  readonly document: unknown
  /** sha256 digests that the statement around the document is about, as `sha256:…`; empty without one. */
  readonly subjects: readonly string[]
}

/** Envelopes in envelopes: a bundle, an envelope, a statement, a wrapped predicate. */
const maximumDepth = 6

/**
 * The JSON document of an attachment, taken out of a Sigstore bundle, a DSSE envelope and an in-toto statement where it
 * lies in one. **No signature is checked here.** Throws `Unreadable` for what is no JSON, or larger than `maximumBytes`.
 */
export function unwrap(bytes: Uint8Array, maximumBytes: number): Unwrapped {
  if (bytes.byteLength > maximumBytes) {
    throw new Unreadable(
      `the document has ${bytes.byteLength} bytes, more than the limit of ${maximumBytes}`,
    )
  }
  return open(parse(Buffer.from(bytes).toString('utf8')), [], maximumDepth)
}

function open(value: unknown, subjects: readonly string[], depth: number): Unwrapped {
  if (depth === 0) throw new Unreadable('the document lies in too many envelopes')
  if (!isObject(value)) return { document: value, subjects }
  if (isObject(value['dsseEnvelope'])) return open(value['dsseEnvelope'], subjects, depth - 1)
  if (typeof value['payload'] === 'string' && typeof value['payloadType'] === 'string') {
    const payload = Buffer.from(value['payload'], 'base64').toString('utf8')
    return open(parse(payload), subjects, depth - 1)
  }
  if (typeof value['_type'] === 'string' && 'predicate' in value) {
    return open(predicateOf(value['predicate']), subjectsOf(value['subject']), depth - 1)
  }
  return { document: value, subjects }
}

/** cosign 1 put documents as text into `Data`. */
function predicateOf(predicate: unknown): unknown {
  if (!isObject(predicate) || !('Data' in predicate)) return predicate
  const data = predicate['Data']
  return typeof data === 'string' ? parse(data) : data
}

function subjectsOf(subject: unknown): string[] {
  if (!Array.isArray(subject)) return []
  return subject.flatMap((entry: unknown) => {
    const digest = isObject(entry) && isObject(entry['digest']) ? entry['digest']['sha256'] : ''
    return typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest) ? [`sha256:${digest}`] : []
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (cause) {
    throw new Unreadable(`the document is not JSON: ${String(cause)}`, { cause })
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
