import * as z from 'zod'
import type { ProblemKind } from './route.ts'

export const problemMediaType = 'application/problem+json'

const typePrefix = 'urn:berth:problem:'

type ProblemText = { readonly status: number; readonly title: string; readonly meaning: string }

/** Every problem type: its status, its title, and what it means to whoever meets it. */
export const problemTexts: Readonly<Record<ProblemKind, ProblemText>> = {
  requestInvalid: {
    status: 400,
    title: 'The request is not valid',
    meaning:
      'Something in it breaks a rule. `errors` lists every fault, and what would be accepted.',
  },
  unauthenticated: {
    status: 401,
    title: 'Credentials are needed',
    meaning:
      'There are no credentials, or they are wrong, expired or revoked. For a session in a cookie that has ended, `details` has the reason `sessionEnded`.',
  },
  denied: {
    status: 403,
    title: 'Not allowed',
    meaning: 'The caller may see this thing, but not do what was asked.',
  },
  notFound: {
    status: 404,
    title: 'Not found',
    meaning: 'It does not exist, or the caller may not know that it does.',
  },
  unsupported: {
    status: 405,
    title: 'Method not supported',
    meaning: 'The path exists; `Allow` lists the methods it has.',
  },
  alreadyExists: {
    status: 409,
    title: 'Exists already',
    meaning: 'There is one of that name.',
  },
  conflict: {
    status: 409,
    title: 'Contradicts the present state',
    meaning: 'Such as removing the last administrator, or a project that is not empty.',
  },
  tagImmutable: {
    status: 409,
    title: 'The tag is immutable',
    meaning: 'A rule of the project forbids to move or delete it; `details` names the rule.',
  },
  versionMismatch: {
    status: 412,
    title: 'Changed in the meantime',
    meaning: 'The thing is no longer as `If-Match` says: read it again, then repeat the change.',
  },
  quotaExceeded: {
    status: 403,
    title: 'The quota is used up',
    meaning: 'It would take more than the project may hold; `details` has the numbers.',
  },
  rateLimited: {
    status: 429,
    title: 'Too many requests',
    meaning: '`Retry-After` says in how many seconds to go on.',
  },
  internal: {
    status: 500,
    title: 'Something went wrong',
    meaning: 'A defect. The log of the server tells more under `requestId`.',
  },
  unavailable: {
    status: 503,
    title: 'Not available at the moment',
    meaning: '`Retry-After` says when to try again.',
  },
  storageFull: {
    status: 507,
    title: 'The storage is full',
    meaning: 'Nothing can be stored before someone makes room.',
  },
}

const problemKinds = new Map(
  Object.keys(problemTexts).map((kind) => [`${typePrefix}${kind}`, kind as ProblemKind]),
)

/** The problems that every route may answer with, beyond its own. */
export const commonProblems: readonly ProblemKind[] = [
  'requestInvalid',
  'unauthenticated',
  'denied',
  'rateLimited',
  'internal',
  'unavailable',
]

/** The `type` of a problem: a name, not an address, so that it is the same on every Berth. */
export function problemType(kind: ProblemKind): string {
  return `${typePrefix}${kind}`
}

/** The kind that a `type` stands for; `undefined` for one of somebody else. */
export function problemKindOf(type: string): ProblemKind | undefined {
  return problemKinds.get(type)
}

export const faultSchema = z
  .strictObject({
    in: z.enum(['path', 'query', 'header', 'body']).describe('Which part of the request.'),
    path: z
      .string()
      .describe('Where in it: `name`, `rules[2].tags`, the name of a header. Empty: all of it.'),
    rule: z.string().describe('The rule that is broken, for programs: `too_small`, `unknown`.'),
    message: z.string().describe('The same for people.'),
    accepted: z.string().optional().describe('What would be accepted.'),
  })
  .meta({ id: 'Fault' })

/** One fault among all those of a request. */
export type Fault = z.output<typeof faultSchema>

export const problemSchema = z
  .strictObject({
    type: z.string().describe('`urn:berth:problem:` and the kind.'),
    title: z.string().describe('The same for every problem of this type.'),
    status: z.int().describe('The status of the answer.'),
    detail: z.string().describe('What happened here.'),
    requestId: z.string().describe('Under which the log of the server tells about this request.'),
    errors: z.array(faultSchema).optional().describe('Every fault, for `requestInvalid`.'),
    details: z
      .array(z.record(z.string(), z.unknown()))
      .optional()
      .describe('More about it, for programs.'),
  })
  .meta({ id: 'Problem', description: 'Every refusal: problem details of RFC 9457.' })

/** The body of every refusal (RFC 9457). */
export type Problem = z.output<typeof problemSchema>
