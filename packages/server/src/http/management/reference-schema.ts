import type { JsonObject } from '@berth/api/openapi-document.ts'
import { code, html, markdown, type Markup } from './reference-markup.ts'

const componentPrefix = '#/components/schemas/'
const depthMax = 8
const patternShownMax = 40

/** A schema as a list of its members; what is no object is one line. */
export function schemaHtml(schema: JsonObject, depth = 0): Markup {
  const members = membersOf(schema)
  const description = typeof schema['description'] === 'string' && depth === 0
  return html`${description && html`<p>${markdown(String(schema['description']))}</p>`}
${
  members.length === 0
    ? html`<p class="type">${typeHtml(schema)}</p>`
    : html`<ul class="members">${members.map((member) => memberHtml(member, depth))}</ul>`
}`
}

type Member = { readonly name: string; readonly schema: JsonObject; readonly isRequired: boolean }

function memberHtml({ name, schema, isRequired }: Member, depth: number): Markup {
  const inner = innerOf(schema)
  return html`<li><div class="member"><code class="name">${name}</code> <span class="type">${typeHtml(schema)}</span>${
    isRequired && html` <span class="required">required</span>`
  }</div>
${typeof schema['description'] === 'string' && html`<div class="description">${markdown(schema['description'])}</div>`}
${noteHtml(schema)}
${inner !== undefined && depth < depthMax && schemaHtml(inner, depth + 1)}</li>`
}

/** What limits a value beyond its type. */
export function noteHtml(schema: JsonObject): Markup {
  const notes = [...limitsOf(schema)]
  if (schema['default'] !== undefined) notes.push(['Default', JSON.stringify(schema['default'])])
  if (notes.length === 0) return html``
  return html`<div class="notes">${notes.map(
    ([label, value]) => html`<span>${label} ${code(value)}</span>`,
  )}</div>`
}

function limitsOf(schema: JsonObject): [label: string, value: string][] {
  const isNumber = schema['type'] === 'integer' || schema['type'] === 'number'
  const limits: [string, string][] = []
  for (const [key, label] of [
    ['minimum', 'At least'],
    ['maximum', 'At most'],
    ['minLength', 'Shortest'],
    ['maxLength', 'Longest'],
    ['minItems', 'Fewest items'],
    ['maxItems', 'Most items'],
    ['pattern', 'Pattern'],
  ] as const) {
    const value = schema[key]
    if (value === undefined || (isNumber && Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER)) {
      continue
    }
    if (key === 'pattern' && (schema['format'] !== undefined || isLong(value))) continue
    limits.push([label, typeof value === 'string' ? value : JSON.stringify(value)])
  }
  return limits
}

/** Such a pattern is for programs; people go by the description. */
function isLong(pattern: unknown): boolean {
  return String(pattern).length > patternShownMax
}

/** The type in a few words, with links to named schemas. */
export function typeHtml(schema: JsonObject): Markup {
  const { $ref, type, items, format } = schema
  const choices = choicesOf(schema)
  if (typeof $ref === 'string') {
    const name = $ref.replace(componentPrefix, '')
    return html`<a href="#schema-${name}">${name}</a>`
  }
  if (schema['const'] !== undefined) return code(JSON.stringify(schema['const']))
  if (Array.isArray(schema['enum'])) {
    return joined(schema['enum'].map((value) => code(JSON.stringify(value))))
  }
  if (choices !== undefined) return joined(choices.map(typeHtml))
  if (type === 'array') {
    return html`list of ${isObject(items) ? typeHtml(items) : 'anything'}`
  }
  if (type === 'object' && isObject(schema['additionalProperties'])) {
    return html`map to ${typeHtml(schema['additionalProperties'])}`
  }
  const name = Array.isArray(type)
    ? type.join(' or ')
    : typeof type === 'string'
      ? type
      : 'anything'
  return html`${name}${typeof format === 'string' && ` (${format})`}`
}

function joined(parts: readonly Markup[]): Markup {
  return { text: parts.map((part) => part.text).join(' or ') }
}

/** The object inside a member that deserves a list of its own. */
function innerOf(schema: JsonObject): JsonObject | undefined {
  if (membersOf(schema).length > 0) return schema
  const { items, additionalProperties } = schema
  for (const inside of [items, additionalProperties, ...(choicesOf(schema) ?? [])]) {
    if (isObject(inside) && membersOf(inside).length > 0) return inside
  }
  return undefined
}

function choicesOf(schema: JsonObject): JsonObject[] | undefined {
  const choices = schema['anyOf'] ?? schema['oneOf']
  return Array.isArray(choices) ? choices.filter(isObject) : undefined
}

function membersOf(schema: JsonObject): Member[] {
  const { properties, required } = schema
  if (!isObject(properties)) return []
  const names = Array.isArray(required) ? required : []
  return Object.entries(properties).map(([name, member]) => ({
    name,
    schema: isObject(member) ? member : {},
    isRequired: names.includes(name),
  }))
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
