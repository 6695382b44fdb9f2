import { type Check, expect, expectHeader, readJson } from './check.ts'
import type { Answer, Registry } from './registry.ts'

const codes = new Set(
  (
    'BLOB_UNKNOWN BLOB_UPLOAD_INVALID BLOB_UPLOAD_UNKNOWN DIGEST_INVALID MANIFEST_BLOB_UNKNOWN ' +
    'MANIFEST_INVALID MANIFEST_UNKNOWN NAME_INVALID NAME_UNKNOWN SIZE_INVALID UNAUTHORIZED DENIED ' +
    'UNSUPPORTED TAG_INVALID RANGE_INVALID PAGINATION_NUMBER_INVALID UNKNOWN'
  ).split(' '),
)

const rules: Record<string, (answer: Answer) => void> = {
  'every answer names the version of the API': (answer) =>
    expectHeader(answer, 'docker-distribution-api-version', 'registry/2.0'),
  'no answer is encoded': (answer) => expectHeader(answer, 'content-encoding', undefined),
  'no answer is chunked': (answer) => expectHeader(answer, 'transfer-encoding', undefined),
  'every answer but 204 and 304 tells its length': (answer) => {
    if (answer.status === 204 || answer.status === 304) return
    const isHead = answer.method === 'HEAD'
    expectHeader(answer, 'content-length', isHead ? /^\d+$/ : String(answer.body.length))
  },
  'no answer redirects': (answer) =>
    expect(answer, answer.status < 301 || answer.status === 304 || answer.status > 308, 'no 30x'),
  'no answer is a failure of the server': (answer) =>
    expect(answer, answer.status < 500, 'a status below 500'),
  'no HEAD answer has a body': (answer) =>
    expect(answer, answer.method !== 'HEAD' || answer.body.length === 0, 'no body'),
  'every error is an envelope with codes that clients know': (answer) => {
    if (answer.status < 400 || answer.method === 'HEAD') return
    expectHeader(answer, 'content-type', /^application\/json/)
    const { errors } = readJson<{ errors?: { code?: unknown; message?: unknown }[] }>(answer)
    const isEnvelope =
      Array.isArray(errors) &&
      errors.length > 0 &&
      errors.every((it) => codes.has(String(it.code)) && typeof it.message === 'string')
    expect(answer, isEnvelope, 'an error with a known code and a message')
  },
  'every 401 has a challenge, and nothing else has one': (answer) => {
    const wanted = answer.status === 401 ? /^Bearer / : undefined
    expectHeader(answer, 'www-authenticate', wanted)
  },
}

/** Watches every answer. The function that is returned turns what was seen into checks. */
export function auditAnswers(registry: Registry): (check: Check) => Promise<void> {
  const breaches = new Map<string, unknown>()
  let count = 0
  registry.onAnswer = (answer) => {
    count += 1
    for (const [title, rule] of Object.entries(rules)) {
      try {
        rule(answer)
      } catch (error) {
        // The first one tells enough.
        if (!breaches.has(title)) breaches.set(title, error)
      }
    }
  }
  return async (check) => {
    for (const title of Object.keys(rules)) {
      await check(title, async () => {
        if (breaches.has(title)) throw breaches.get(title)
        if (count === 0) throw new Error('no answer was seen')
      })
    }
  }
}
