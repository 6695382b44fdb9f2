import type { JsonObject } from '@berth/api/openapi-document.ts'

/** Schemas by name, as references point to them. */
export type Schemas = { readonly [name: string]: JsonObject }

const prefix = '#/components/schemas/'

/** What a reference stands for; the schema itself when it is none. */
export function resolve(schema: JsonObject, schemas: Schemas): JsonObject {
  const { $ref } = schema
  if (typeof $ref !== 'string') return schema
  const target = schemas[$ref.slice(prefix.length)]
  if (target === undefined) throw new Error(`${$ref} leads nowhere`)
  return resolve(target, schemas)
}

/**
 * Where a value breaks a JSON Schema: one line for each fault, none when it fits. Of the vocabulary it knows what OpenAPI
 * documents of Berth use, and throws at a word that it does not know, so that no rule goes unchecked.
 */
export function faultsOf(value: unknown, given: JsonObject, schemas: Schemas, at = '$'): string[] {
  const schema = resolve(given, schemas)
  const faults: string[] = []
  for (const [word, rule] of Object.entries(schema)) {
    if (notes.has(word)) continue
    const check = checks[word]
    if (check === undefined) throw new Error(`The word ${word} of JSON Schema is not known here`)
    faults.push(...check(value, rule, { schema, schemas, at }))
  }
  return faults
}

type Context = { readonly schema: JsonObject; readonly schemas: Schemas; readonly at: string }
type Check = (value: unknown, rule: unknown, context: Context) => string[]

/** They say something, and forbid nothing; a format is told by its pattern too. */
const notes = new Set(['description', 'title', 'default', 'examples', 'format', 'deprecated', 'id'])

const checks: Readonly<Record<string, Check>> = {
  type: (value, rule, { at }) => {
    const types = Array.isArray(rule) ? rule : [rule]
    return types.some((type) => isOfType(value, type))
      ? []
      : [`${at} is not of type ${types.join()}`]
  },
  const: (value, rule, { at }) => (value === rule ? [] : [`${at} is not ${JSON.stringify(rule)}`]),
  enum: (value, rule, { at }) =>
    Array.isArray(rule) && rule.includes(value) ? [] : [`${at} is none of ${JSON.stringify(rule)}`],
  minimum: (value, rule, { at }) => limit(value, Number(rule), at, (a, b) => a >= b),
  maximum: (value, rule, { at }) => limit(value, Number(rule), at, (a, b) => a <= b),
  exclusiveMinimum: (value, rule, { at }) => limit(value, Number(rule), at, (a, b) => a > b),
  exclusiveMaximum: (value, rule, { at }) => limit(value, Number(rule), at, (a, b) => a < b),
  minLength: (value, rule, { at }) =>
    typeof value === 'string' && Array.from(value).length < Number(rule)
      ? [`${at} is too short`]
      : [],
  maxLength: (value, rule, { at }) =>
    typeof value === 'string' && Array.from(value).length > Number(rule)
      ? [`${at} is too long`]
      : [],
  pattern: (value, rule, { at }) =>
    typeof value === 'string' && !new RegExp(String(rule), 'u').test(value)
      ? [`${at} does not match ${String(rule)}`]
      : [],
  minItems: (value, rule, { at }) =>
    Array.isArray(value) && value.length < Number(rule) ? [`${at} has too few items`] : [],
  maxItems: (value, rule, { at }) =>
    Array.isArray(value) && value.length > Number(rule) ? [`${at} has too many items`] : [],
  items: (value, rule, { schemas, at }) =>
    Array.isArray(value)
      ? value.flatMap((item, index) => faultsOf(item, asSchema(rule), schemas, `${at}[${index}]`))
      : [],
  properties: (value, rule, { schemas, at }) =>
    isObject(value)
      ? Object.entries(rule as Schemas).flatMap(([name, member]) =>
          Object.hasOwn(value, name) ? faultsOf(value[name], member, schemas, `${at}.${name}`) : [],
        )
      : [],
  required: (value, rule, { at }) =>
    isObject(value) && Array.isArray(rule)
      ? rule.filter((name) => !Object.hasOwn(value, name)).map((name) => `${at}.${name} is missing`)
      : [],
  additionalProperties: (value, rule, { schema, schemas, at }) => {
    if (!isObject(value)) return []
    const known = isObject(schema['properties']) ? schema['properties'] : {}
    return Object.entries(value)
      .filter(([name]) => !Object.hasOwn(known, name))
      .flatMap(([name, member]) =>
        rule === false
          ? [`${at}.${name} is not described`]
          : faultsOf(member, asSchema(rule), schemas, `${at}.${name}`),
      )
  },
  propertyNames: (value, rule, { schemas, at }) =>
    isObject(value)
      ? Object.keys(value).flatMap((name) =>
          faultsOf(name, asSchema(rule), schemas, `${at}:${name}`),
        )
      : [],
  anyOf: (value, rule, context) => oneOf(value, rule, context, (count) => count > 0),
  oneOf: (value, rule, context) => oneOf(value, rule, context, (count) => count === 1),
  allOf: (value, rule, { schemas, at }) =>
    (rule as JsonObject[]).flatMap((part) => faultsOf(value, part, schemas, at)),
}

function oneOf(
  value: unknown,
  rule: unknown,
  { schemas, at }: Context,
  isEnough: (count: number) => boolean,
): string[] {
  const outcomes = (rule as JsonObject[]).map((part) => faultsOf(value, part, schemas, at))
  const count = outcomes.filter((faults) => faults.length === 0).length
  return isEnough(count) ? [] : [`${at} fits ${count} forms (${outcomes.flat().join('; ')})`]
}

function limit(
  value: unknown,
  rule: number,
  at: string,
  holds: (value: number, rule: number) => boolean,
): string[] {
  return typeof value !== 'number' || holds(value, rule) ? [] : [`${at} is beyond ${rule}`]
}

function isOfType(value: unknown, type: unknown): boolean {
  switch (type) {
    case 'integer':
      return Number.isInteger(value)
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isObject(value)
    case 'null':
      return value === null
    default:
      return typeof value === type
  }
}

function asSchema(rule: unknown): JsonObject {
  return isObject(rule) ? rule : {}
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
