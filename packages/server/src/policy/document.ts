import { policyDocument, policyDocumentMax, type PolicyRule } from '@berth/api/policy-document.ts'
import * as z from 'zod'
import { parseGlob } from '../access/glob.ts'
import { nearest } from '../config/suggestion.ts'
import { BerthError } from '../errors.ts'
import { readYaml, writeYaml } from './yaml-document.ts'

type Issue = z.core.$ZodIssue
type DocumentFault = { readonly place: string; readonly message: string; readonly rule: string }

/** A policy as somebody gives it: exactly one of the two. */
export type PolicyInput = {
  readonly document?: string | undefined
  readonly rules?: readonly PolicyRule[] | undefined
}

const faultsMax = 20

/**
 * The document and the rules of a policy that was given as either; `undefined` when it was given as neither. Throws
 * `requestInvalid` as `parsePolicy` does, for rules with their place in the request.
 */
export function readPolicyInput({
  document,
  rules,
}: PolicyInput): { document: string; rules: PolicyRule[] } | undefined {
  if (document !== undefined) return { document, rules: parsePolicy(document) }
  if (rules === undefined) return undefined
  const policy = { apiVersion: 'berth/v1', rules }
  const checked = policyDocument.safeParse(policy, { reportInput: true })
  const faults = checked.success
    ? globFaults(checked.data.rules).map((fault) => ({ ...fault, rule: 'glob' }))
    : checked.error.issues.flatMap((issue) => textsOf(issue))
  if (faults.length > 0 || !checked.success) {
    throw refusal(
      faults.map(({ path, ...fault }) => ({ ...fault, place: pathText(path) })),
      { isOfRules: true },
    )
  }
  const written = writeYaml(policy)
  if (written.length > policyDocumentMax) {
    const message = `they are longer than ${policyDocumentMax} characters when written as YAML`
    throw refusal([{ place: 'rules', message, rule: 'too_big' }], { isOfRules: true })
  }
  return { document: written, rules: checked.data.rules }
}

/**
 * Reads a policy, YAML or JSON, and gives its rules with their defaults. Throws `requestInvalid` with every fault: line,
 * column, where in the document, and what would be accepted.
 */
export function parsePolicy(text: string): PolicyRule[] {
  if (text.length > policyDocumentMax) {
    throw refusal([
      {
        place: 'line 1, column 1',
        message: `the document is longer than ${policyDocumentMax} characters`,
        rule: 'too_big',
      },
    ])
  }
  const yaml = readYaml(text)
  if (yaml.faults.length > 0)
    throw refusal(yaml.faults.map((fault) => ({ ...fault, rule: 'yaml' })))
  const checked = policyDocument.safeParse(yaml.value, { reportInput: true })
  if (!checked.success) {
    const faults = checked.error.issues.flatMap((issue) => textsOf(issue))
    throw refusal(faults.map(({ path, ...fault }) => ({ ...fault, place: yaml.placeOf(path) })))
  }
  const faults = globFaults(checked.data.rules)
  if (faults.length > 0) {
    throw refusal(
      faults.map(({ path, message }) => ({ place: yaml.placeOf(path), message, rule: 'glob' })),
    )
  }
  return checked.data.rules
}

function refusal(
  faults: readonly DocumentFault[],
  { isOfRules = false }: { isOfRules?: boolean } = {},
): BerthError {
  const [first] = faults
  const more = faults.length > 1 ? `, and ${faults.length - 1} more` : ''
  return new BerthError(
    'requestInvalid',
    `The policy is not valid, and the former one stays in force. ${first?.place ?? ''}: ${first?.message ?? ''}${more}.`,
    {
      details: faults.slice(0, faultsMax).map(({ place, message, rule }) => ({
        in: 'body',
        path: isOfRules ? place : 'document',
        rule,
        message: isOfRules ? message : `${place}: ${message}`,
      })),
    },
  )
}

type Text = {
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly rule: string
}

function textsOf(issue: Issue): Text[] {
  const { path } = issue
  const where = pathText(path)
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(path)
    return issue.keys.map((key) => {
      const guess = nearest(key, known)
      const hint = guess === undefined ? `known are ${known.join(', ')}` : `did you mean ${guess}?`
      return {
        path: [...path, key],
        message: `${pathText([...path, key])} is not known; ${hint}`,
        rule: 'unknown',
      }
    })
  }
  return [{ path, message: `${where} ${problemOf(issue)}`, rule: issue.code }]
}

function problemOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type': {
      const wanted = typeNames[issue.expected] ?? issue.expected
      return issue.input === undefined ? `is missing: it must be ${wanted}` : `must be ${wanted}`
    }
    case 'too_small':
      return `must be at least ${String(issue.minimum)}${unitOf(issue.origin)}`
    case 'too_big':
      return `must be at most ${String(issue.maximum)}${unitOf(issue.origin)}`
    case 'invalid_value':
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`
    case 'invalid_format':
      return `must match ${issue.format === 'regex' ? (issue.pattern ?? '') : issue.format}`
    case 'custom':
      return issue.message
    case 'not_multiple_of':
    case 'invalid_element':
    case 'invalid_key':
    case 'invalid_union':
    case 'unrecognized_keys':
      return 'is not valid'
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a section with keys',
  array: 'a list',
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters long'
  return origin === 'array' ? ' items long' : ''
}

/** The keys that could stand where an unknown one does. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  let schema: unknown = policyDocument
  for (const key of path) {
    schema = open(schema)
    if (schema instanceof z.ZodObject) schema = schema.shape[String(key)]
    else if (schema instanceof z.ZodArray) schema = schema.element
    else return []
  }
  schema = open(schema)
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
}

function open(schema: unknown): unknown {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault
    ? open(schema.unwrap())
    : schema
}

function pathText(path: readonly PropertyKey[]): string {
  let text = ''
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`
    else text += `${text === '' ? '' : '.'}${String(key).slice(0, 60)}`
  }
  return text === '' ? 'the document' : text
}

/** Every pattern is read once before it is in force, so that none can fail later. */
function globFaults(
  rules: readonly PolicyRule[],
): { path: readonly PropertyKey[]; message: string }[] {
  const faults: { path: readonly PropertyKey[]; message: string }[] = []
  const check = (path: readonly PropertyKey[], texts: readonly string[] | undefined) => {
    for (const [index, text] of (texts ?? []).entries()) {
      try {
        parseGlob(text, pathText([...path, index]))
      } catch (error) {
        if (!(error instanceof BerthError)) throw error
        faults.push({ path: [...path, index], message: error.message.replace(/\.$/, '') })
      }
    }
  }
  for (const [index, rule] of rules.entries()) {
    const at = ['rules', index]
    check([...at, 'repositories'], rule.repositories)
    check([...at, 'tags'], rule.tags)
    check([...at, 'allowedBaseImages', 'images'], rule.allowedBaseImages?.images)
    check([...at, 'licences', 'allow'], rule.licences?.allow)
    check([...at, 'licences', 'deny'], rule.licences?.deny)
    const packages = rule.deniedPackages?.packages.map(({ name }) => name)
    check([...at, 'deniedPackages', 'packages'], packages)
  }
  return faults
}
