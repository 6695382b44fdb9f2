import type { Fault } from '@berth/api/problem.ts'
import * as z from 'zod'
import { BerthError } from '../../errors.ts'
import { invalidRequest } from './faults.ts'

const queryMax = 16 * 1024
const parametersMax = 100

/** A path below `/api/v1` with its parameters in braces, cut into segments. */
export type PathTemplate = readonly { readonly text: string; readonly isParameter: boolean }[]

export function parseTemplate(path: string): PathTemplate {
  return path.split('/').map((segment) => {
    const name = /^\{(\w+)\}$/.exec(segment)?.[1]
    return name === undefined
      ? { text: segment, isParameter: false }
      : { text: name, isParameter: true }
  })
}

/** Cuts a request target into its path and its query, neither decoded. */
export function splitTarget(target: string): { path: string; query: string } {
  const hash = target.indexOf('#')
  const whole = hash === -1 ? target : target.slice(0, hash)
  const mark = whole.indexOf('?')
  return mark === -1
    ? { path: whole, query: '' }
    : { path: whole.slice(0, mark), query: whole.slice(mark + 1) }
}

/** Whether a path, not decoded, has the shape of the template. */
export function matchesTemplate(template: PathTemplate, path: string): boolean {
  const segments = path.split('/')
  return (
    segments.length === template.length &&
    template.every((part, index) => part.isParameter || part.text === segments[index])
  )
}

/**
 * The parameters of a path that matches the template. Each is decoded once, and never cut again: `acme%2Fml` is one
 * parameter with a slash, `%252F` is the text `%2F`. Throws `requestInvalid` when an escape is none.
 */
export function readPathParameters(template: PathTemplate, path: string): Record<string, string> {
  const segments = path.split('/')
  const parameters: Record<string, string> = {}
  for (const [index, part] of template.entries()) {
    if (part.isParameter) parameters[part.text] = decodeOnce(segments[index] ?? '', part.text)
  }
  return parameters
}

function decodeOnce(segment: string, name: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw invalidRequest([
      {
        in: 'path',
        path: name,
        rule: 'escape',
        message: 'holds a percent sign that begins no escape of UTF-8',
        accepted: 'percent-encoded UTF-8',
      },
    ])
  }
}

/**
 * The parameters of a query string, decoded once. One that the schema takes as a list may come several times; any other
 * that does is a fault, since programs on the way might each believe another one. Throws `requestInvalid` past 16 KiB.
 */
export function readQuery(
  query: string,
  schema: z.ZodObject,
): { values: Record<string, unknown>; faults: Fault[] } {
  const values: Record<string, unknown> = Object.create(null)
  const faults: Fault[] = []
  if (query === '') return { values, faults }
  if (query.length > queryMax) {
    throw new BerthError(
      'requestInvalid',
      `The query has ${query.length} characters, at most ${queryMax} are allowed.`,
      { details: [{ in: 'query', path: '', rule: 'too_big', message: 'is too long' }] },
    )
  }
  let count = 0
  for (const [name, value] of new URLSearchParams(query)) {
    count += 1
    if (count > parametersMax) break
    const before = values[name]
    if (isList(schema, name)) values[name] = Array.isArray(before) ? [...before, value] : [value]
    else if (before === undefined) values[name] = value
    else faults.push(givenTwice(name))
  }
  return { values, faults }
}

function isList(schema: z.ZodObject, name: string): boolean {
  if (!Object.hasOwn(schema.shape, name)) return false
  let field: unknown = schema.shape[name]
  while (field instanceof z.ZodOptional || field instanceof z.ZodDefault) field = field.unwrap()
  return field instanceof z.ZodArray
}

function givenTwice(name: string): Fault {
  return {
    in: 'query',
    path: name.slice(0, 60),
    rule: 'repeated',
    message: 'is given more than once',
    accepted: 'one value',
  }
}
