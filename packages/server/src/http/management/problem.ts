import {
  type Fault,
  type Problem,
  problemMediaType,
  problemTexts,
  problemType,
} from '@berth/api/problem.ts'
import type { ProblemKind } from '@berth/api/route.ts'
import { OciError, type OciErrorKind } from '@berth/oci/oci-error.ts'
import { BerthError, type ErrorDetail, type ErrorKind } from '../../errors.ts'
import { answerEarly } from '../early-answer.ts'
import type { Exchange } from '../exchange.ts'
import { apiHeaders } from './security-headers.ts'

/** Every refusal as the management API names it: the only place where a kind becomes a problem type. */
const problemKinds: Readonly<Record<ErrorKind | OciErrorKind, ProblemKind>> = {
  blobUnknown: 'notFound',
  blobReferenced: 'conflict',
  uploadUnknown: 'notFound',
  uploadInvalid: 'requestInvalid',
  uploadRangeInvalid: 'requestInvalid',
  uploadInterrupted: 'requestInvalid',
  uploadsTooMany: 'rateLimited',
  digestInvalid: 'requestInvalid',
  digestMismatch: 'requestInvalid',
  sizeMismatch: 'requestInvalid',
  blobTooLarge: 'requestInvalid',
  manifestUnknown: 'notFound',
  manifestInvalid: 'requestInvalid',
  manifestBlobUnknown: 'requestInvalid',
  manifestTooLarge: 'requestInvalid',
  tooManyTags: 'requestInvalid',
  nameInvalid: 'requestInvalid',
  nameUnknown: 'notFound',
  tagInvalid: 'requestInvalid',
  rangeInvalid: 'requestInvalid',
  pageInvalid: 'requestInvalid',
  requestInvalid: 'requestInvalid',
  unauthenticated: 'unauthenticated',
  denied: 'denied',
  quotaExceeded: 'quotaExceeded',
  tagImmutable: 'tagImmutable',
  policyDenied: 'denied',
  notFound: 'notFound',
  alreadyExists: 'alreadyExists',
  conflict: 'conflict',
  versionMismatch: 'versionMismatch',
  unsupported: 'conflict',
  rateLimited: 'rateLimited',
  storageFull: 'storageFull',
  unavailable: 'unavailable',
}

/** Seconds after which to try again, unless the details of the error say it (`retryAfterSeconds`). */
const retryAfter: Partial<Record<ProblemKind, number>> = { rateLimited: 10, unavailable: 5 }

const challenge = ['WWW-Authenticate', 'Bearer realm="Berth"']

/**
 * Answers a failed request with problem details (RFC 9457), without a body for HEAD. Anything but a `BerthError` or an
 * `OciError` is a defect: the client gets 500 and the request id, and the error is kept in `exchange.failure` for the
 * log. `extra` headers come on top. Never throws.
 */
export function sendProblem(
  exchange: Exchange,
  error: unknown,
  extra: readonly string[] = [],
): void {
  if (!(error instanceof BerthError || error instanceof OciError)) {
    exchange.failure = error
    const detail = `Something went wrong in the server; its log tells more under request id ${exchange.id}.`
    send(exchange, { ...headOf('internal'), detail, requestId: exchange.id }, extra)
    return
  }
  const kind = problemKinds[error.kind]
  const head = headOf(kind)
  if (head.status >= 500) exchange.failure = error
  const problem: Problem = { ...head, detail: error.message, requestId: exchange.id }
  if (kind === 'requestInvalid')
    problem.errors = error.details.map((detail) => faultOf(detail, error.message))
  else if (error.details.length > 0)
    problem.details = error.details.map((detail) => ({ ...detail }))
  const headers = kind === 'unauthenticated' ? [...extra, ...challenge] : [...extra]
  const seconds = secondsOf(error.details) ?? (head.status === 409 ? undefined : retryAfter[kind])
  if (seconds !== undefined) headers.push('Retry-After', String(seconds))
  send(exchange, problem, headers)
}

/** Answers that no route of the API has this path. */
export function sendNoSuchRoute(exchange: Exchange): void {
  const detail =
    'There is no such path in the management API; /api/reference describes those there are.'
  send(exchange, { ...headOf('notFound'), detail, requestId: exchange.id }, [])
}

/** Answers that the path has other methods than this one. `allow` is a list as the header of that name holds it. */
export function sendWrongMethod(exchange: Exchange, allow: string): void {
  const detail = `This path does not support the method; it supports ${allow}.`
  send(exchange, { ...headOf('unsupported'), detail, requestId: exchange.id }, ['Allow', allow])
}

function headOf(kind: ProblemKind): Pick<Problem, 'type' | 'title' | 'status'> {
  const { title, status } = problemTexts[kind]
  return { type: problemType(kind), title, status }
}

/** The core says `field` and `reason`; the parsers of packages/oci say `path` and `fault`. */
function faultOf(detail: ErrorDetail, text: string): Fault {
  const { in: part, path, field, name, rule, reason, message, fault, accepted } = detail
  return {
    in: part === 'path' || part === 'query' || part === 'header' ? part : 'body',
    path: firstText(path, field) ?? '',
    rule: firstText(rule, reason, name === undefined ? undefined : 'name') ?? 'invalid',
    message: firstText(message, fault) ?? text,
    ...(typeof accepted === 'string' && { accepted }),
  }
}

function firstText(...values: readonly unknown[]): string | undefined {
  return values.find((value): value is string => typeof value === 'string')
}

function secondsOf(details: readonly ErrorDetail[]): number | undefined {
  const seconds = details[0]?.['retryAfterSeconds']
  return typeof seconds === 'number' ? Math.max(1, Math.ceil(seconds)) : undefined
}

function send(exchange: Exchange, problem: Problem, extra: readonly string[]): void {
  const body = Buffer.from(JSON.stringify(problem))
  const headers = apiHeaders(problemMediaType, body.length)
  headers.push(...extra)
  answerEarly(exchange, problem.status, headers, body)
}
