import type { Answer, Registry } from './registry.ts'

/** Runs one check and notes how it went. A check fails by throwing; the others still run. */
export type Check = (title: string, run: () => Promise<void>) => Promise<void>

/** What every file of checks works on. */
export type Trial = {
  readonly check: Check
  readonly registry: Registry
  /** `registry.allowSparseManifests` is on. */
  readonly allowsSparse: boolean
}

type Failure = { title: string; text: string }

/** The outcome of the checks so far. */
export type Results = { passed: number; failures: Failure[] }

/** A fresh set of results, and the `check` that adds to it. */
export function collectChecks(): { check: Check; results: Results } {
  const results: Results = { passed: 0, failures: [] }
  return {
    results,
    async check(title, run) {
      try {
        await run()
        results.passed += 1
      } catch (error) {
        const text = error instanceof Unmet ? error.message : describeError(error)
        results.failures.push({ title, text })
      }
    },
  }
}

/** An answer that is not as it has to be. The message tells what was sent, expected and got. */
class Unmet extends Error {
  constructor(answer: Answer, expected: string) {
    super(
      `sent      ${indent(answer.sent)}\nexpected  ${indent(expected)}\ngot       ${got(answer)}`,
    )
  }
}

/** Throws unless `holds`. `expected` says what should have been. */
export function expect(answer: Answer, holds: boolean, expected: string): void {
  if (!holds) throw new Unmet(answer, expected)
}

export function expectStatus(answer: Answer, ...statuses: number[]): void {
  expect(answer, statuses.includes(answer.status), `status ${statuses.join(' or ')}`)
}

/** A header must be equal to a text or match a pattern; `undefined`: must not be there. */
export function expectHeader(
  answer: Answer,
  name: string,
  wanted: string | RegExp | undefined,
): void {
  const values = [answer.headers[name] ?? []].flat().join(', ')
  const isThere = answer.headers[name] !== undefined
  const holds =
    wanted === undefined
      ? !isThere
      : isThere && (typeof wanted === 'string' ? values === wanted : wanted.test(values))
  expect(answer, holds, `header ${name}: ${wanted === undefined ? '(none)' : String(wanted)}`)
}

/** The body must be these bytes, and `Content-Length` must say so. */
export function expectBytes(answer: Answer, bytes: Uint8Array): void {
  expectHeader(answer, 'content-length', String(bytes.length))
  const length = answer.method === 'HEAD' ? 0 : bytes.length
  expect(answer, answer.body.length === length, `a body of ${length} bytes`)
  const isSame = length === 0 || answer.body.equals(bytes)
  expect(answer, isSame, `the very ${length} bytes that were pushed`)
}

/** An error with this status and, in the envelope, only entries with this code; without a body for HEAD. */
export function expectError(answer: Answer, status: number, code: string): void {
  expectStatus(answer, status)
  if (answer.method === 'HEAD') {
    expect(answer, answer.body.length === 0, 'no body')
    return
  }
  const codes = errorsOf(answer).map((entry) => entry.code)
  expect(answer, codes.length > 0 && codes.every((it) => it === code), `error ${code}`)
}

/** The entries of an error envelope. Throws when the body is none. */
export function errorsOf(answer: Answer): { code: string; message: string; detail?: unknown }[] {
  const { errors } = readJson<{ errors?: unknown }>(answer)
  if (!Array.isArray(errors)) throw new Unmet(answer, 'an envelope: {"errors":[...]}')
  return errors as { code: string; message: string; detail?: unknown }[]
}

/** The body as JSON of the shape that the check expects. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what it expects
export function readJson<T>(answer: Answer): T {
  try {
    return JSON.parse(answer.body.toString()) as T
  } catch {
    throw new Unmet(answer, 'a body of JSON')
  }
}

/** Throws unless both are the same JSON. */
export function expectJson(answer: Answer, actual: unknown, wanted: unknown): void {
  const isSame = JSON.stringify(actual) === JSON.stringify(wanted)
  expect(answer, isSame, `${JSON.stringify(wanted)}\nnot ${JSON.stringify(actual)}`)
}

function got(answer: Answer): string {
  const lines = [`status ${answer.status}`]
  for (const [name, value] of Object.entries(answer.headers))
    lines.push(`${name}: ${String(value)}`)
  const isText = /json|text/.test(answer.headers['content-type'] ?? '')
  lines.push(
    isText ? answer.body.toString().slice(0, 600) : `(a body of ${answer.body.length} bytes)`,
  )
  return indent(lines.join('\n'))
}

function indent(text: string): string {
  return text.replaceAll('\n', '\n          ')
}

function describeError(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
