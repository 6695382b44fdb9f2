/** Puts what zod found in a request into sentences for whoever sent it. */
import type { Fault } from '@berth/api/problem.ts'
import * as z from 'zod'
import { nearest } from '../../config/suggestion.ts'
import { BerthError } from '../../errors.ts'

type Issue = z.core.$ZodIssue
type Part = Fault['in']

/** A request can hold more faults than anyone reads. */
const faultsMax = 50
const shownMax = 60

/** The faults behind the issues of one part of a request. */
export function faultsOf(part: Part, schema: z.ZodType, issues: readonly Issue[]): Fault[] {
  return issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [faultOf(part, schema, issue)]
    const known = membersOf(schemaAt(schema, issue.path))
    return issue.keys.map((key) => unknownKey(part, [...issue.path, key], known))
  })
}

/** One error that lists all faults; its message has the first. */
export function invalidRequest(faults: readonly Fault[]): BerthError {
  const [first] = faults
  const more = faults.length > 1 ? `, and ${faults.length - 1} more` : ''
  const subject = first?.path ? `${partNames[first.in]} ${first.path}` : `the ${first?.in ?? ''}`
  return new BerthError(
    'requestInvalid',
    `The request is not valid: ${subject} ${first?.message ?? 'is not valid'}${more}.`,
    { details: faults.slice(0, faultsMax) },
  )
}

const partNames: Readonly<Record<Part, string>> = {
  path: 'path parameter',
  query: 'query parameter',
  header: 'header',
  body: 'member',
}

function faultOf(part: Part, schema: z.ZodType, issue: Issue): Fault {
  const accepted = acceptedBy(issue, schemaAt(schema, issue.path))
  const isMissing = issue.code === 'invalid_type' && issue.input === undefined
  const isOwnRule = issue.code === 'custom' && issue.message !== 'Invalid input'
  const message = isOwnRule
    ? issue.message
    : isMissing
      ? `is missing: it must be ${accepted}`
      : `must be ${accepted}`
  return {
    in: part,
    path: pathText(issue.path),
    rule: isMissing ? 'missing' : issue.code,
    message,
    ...(!isOwnRule && { accepted }),
  }
}

function unknownKey(part: Part, path: readonly PropertyKey[], known: readonly string[]): Fault {
  const key = String(path.at(-1))
  const guess = nearest(key, known)
  const hint = guess === undefined ? '' : `. Did you mean ${guess}?`
  return {
    in: part,
    path: pathText(path),
    rule: 'unknown',
    message: `is not known${hint}`,
    accepted: known.length === 0 ? 'nothing' : `any of ${known.join(', ')}`,
  }
}

/** What would be accepted, as the end of "it must be". */
function acceptedBy(issue: Issue, schema: z.ZodType | undefined): string {
  switch (issue.code) {
    case 'invalid_type':
      return typeNames[issue.expected] ?? `of type ${issue.expected}`
    case 'too_small':
      return sizeText(issue.origin, `at least ${String(issue.minimum)}`)
    case 'too_big':
      return sizeText(issue.origin, `at most ${String(issue.maximum)}`)
    case 'invalid_value':
      return `one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`
    case 'not_multiple_of':
      return `a multiple of ${String(issue.divisor)}`
    case 'invalid_format':
      return formatText(issue, schema)
    case 'custom':
    case 'invalid_element':
    case 'invalid_key':
    case 'invalid_union':
    case 'unrecognized_keys':
      return described(schema) ?? 'one of the forms that the reference describes'
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  record: 'an object',
  null: 'null',
}

function sizeText(origin: string, bound: string): string {
  if (origin === 'string') return `${bound} characters long`
  if (origin === 'array' || origin === 'set') return `a list of ${bound} items`
  if (origin === 'record' || origin === 'object' || origin === 'map') {
    return `an object of ${bound} members`
  }
  return bound
}

function formatText(
  issue: z.core.$ZodIssueInvalidStringFormat,
  schema: z.ZodType | undefined,
): string {
  if (issue.format === 'datetime') return 'a time such as 2030-01-31T12:00:00.000Z'
  if (issue.format !== 'regex') return `of the format ${issue.format}`
  const text = described(schema)
  const pattern = `text that matches ${issue.pattern ?? 'the pattern'}`
  return text === undefined ? pattern : `${pattern} (${text})`
}

function described(schema: z.ZodType | undefined): string | undefined {
  return schema?.description?.replace(/\.$/, '')
}

/** The schema of a member, as far as the path can be followed. */
function schemaAt(schema: z.ZodType, path: readonly PropertyKey[]): z.ZodType | undefined {
  let here: z.ZodType | undefined = schema
  for (const key of path) {
    const open: z.ZodType | undefined = here === undefined ? undefined : unwrapped(here)
    if (open instanceof z.ZodObject) here = open.shape[String(key)] as z.ZodType | undefined
    else if (open instanceof z.ZodArray) here = open.element as z.ZodType
    else if (open instanceof z.ZodRecord) here = open.valueType as z.ZodType
    else return undefined
  }
  return here
}

function unwrapped(schema: z.ZodType): z.ZodType {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault
  ) {
    return unwrapped(schema.unwrap() as z.ZodType)
  }
  return schema instanceof z.ZodPipe ? unwrapped(schema.in as z.ZodType) : schema
}

function membersOf(schema: z.ZodType | undefined): string[] {
  const open = schema === undefined ? undefined : unwrapped(schema)
  return open instanceof z.ZodObject ? Object.keys(open.shape) : []
}

/** `rules[2].tags`; a stranger's key is cut. */
function pathText(path: readonly PropertyKey[]): string {
  let text = ''
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`
    else text += `${text === '' ? '' : '.'}${String(key).slice(0, shownMax)}`
  }
  return text.slice(0, 200)
}
