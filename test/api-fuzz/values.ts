import type { JsonObject } from '@berth/api/openapi-document.ts'
import type { Random } from '../faults/random.ts'
import { resolve, type Schemas } from './schema-check.ts'
import { textOfPattern } from './text-of-pattern.ts'

const depthMax = 6
const letters = Array.from('abcdefghij 0123456789-ü')
const strangeTexts = [
  '',
  ' ',
  '.',
  '..',
  '../../etc/passwd',
  '%2e%2e',
  "' or 1=1 --",
  '"><script>',
  '\u0000',
  '\u202e',
  '=1+1',
  '${x}',
  '*',
  '%',
  '_',
  '💣'.repeat(20),
  'x'.repeat(5000),
  'null',
  '__proto__',
  '-1',
  '1e999',
]

/** Makes values that fit a schema, and values that do not. `known` are things that exist, by the name of what holds them. */
export class Values {
  readonly #random: Random
  readonly #schemas: Schemas
  readonly #known: ReadonlyMap<string, readonly string[]>

  constructor(random: Random, schemas: Schemas, known: ReadonlyMap<string, readonly string[]>) {
    this.#random = random
    this.#schemas = schemas
    this.#known = known
  }

  /** A value that fits, as far as a schema tells. */
  fitting(given: JsonObject, name: string, depth = 0): unknown {
    const schema = resolve(given, this.#schemas)
    if (schema['const'] !== undefined) return schema['const']
    if (Array.isArray(schema['enum'])) return this.#random.pick(schema['enum'])
    const choices = schema['anyOf'] ?? schema['oneOf']
    if (Array.isArray(choices)) return this.fitting(this.#random.pick(choices), name, depth)
    const { type } = schema
    switch (Array.isArray(type) ? this.#random.pick(type) : type) {
      case 'object':
        return this.#object(schema, depth)
      case 'array':
        return this.#array(schema, name, depth)
      case 'integer':
        return this.#number(schema)
      case 'number':
        return this.#number(schema) + (this.#random.chance(0.2) ? 0.5 : 0)
      case 'boolean':
        return this.#random.chance(0.5)
      case 'null':
        return null
      case 'string':
        return this.#text(schema, name)
      default:
        return this.#random.pick([null, 1, 'x', {}, []])
    }
  }

  /** A value that breaks the schema somewhere, most of the time. */
  broken(given: JsonObject, name: string): unknown {
    const schema = resolve(given, this.#schemas)
    const fitting = this.fitting(schema, name)
    if (isObject(fitting) && this.#random.chance(0.85)) {
      const members = Object.keys(fitting)
      const way = this.#random.between(0, 2)
      if (way === 0 || members.length === 0)
        return { ...fitting, [this.#random.pick(['x', 'role', 'isAdmin', '__proto__', ''])]: 1 }
      const member = this.#random.pick(members)
      const { [member]: _, ...rest } = fitting
      if (way === 1) return rest
      const properties = isObject(schema['properties']) ? schema['properties'] : {}
      const inner = properties[member]
      return { ...fitting, [member]: this.broken(isObject(inner) ? inner : {}, member) }
    }
    return this.#random.pick([
      null,
      true,
      -1,
      1.5,
      9_007_199_254_740_992,
      [],
      [[]],
      {},
      { a: { b: {} } },
      this.#random.pick(strangeTexts),
    ])
  }

  strangeText(): string {
    return this.#random.pick(strangeTexts)
  }

  #object(schema: JsonObject, depth: number): JsonObject {
    const made: JsonObject = {}
    const required: readonly unknown[] = Array.isArray(schema['required']) ? schema['required'] : []
    if (isObject(schema['properties'])) {
      for (const [name, member] of Object.entries(schema['properties'])) {
        const wanted = required.includes(name) || (depth < depthMax && this.#random.chance(0.4))
        if (wanted) made[name] = this.fitting(member as JsonObject, name, depth + 1)
      }
    }
    if (isObject(schema['additionalProperties']) && depth < depthMax) {
      const names = isObject(schema['propertyNames']) ? schema['propertyNames'] : { type: 'string' }
      const count = this.#random.between(0, 2)
      for (let index = 0; index < count; index += 1) {
        const name = String(this.fitting(names, 'name', depth + 1))
        made[name] = this.fitting(schema['additionalProperties'], name, depth + 1)
      }
    }
    return made
  }

  #array(schema: JsonObject, name: string, depth: number): unknown[] {
    const least = Number(schema['minItems'] ?? 0)
    const most = Math.min(Number(schema['maxItems'] ?? 3), least + 3)
    const length = depth >= depthMax ? least : this.#random.between(least, most)
    const items = isObject(schema['items']) ? schema['items'] : {}
    return Array.from({ length }, () => this.fitting(items, name, depth + 1))
  }

  #number(schema: JsonObject): number {
    const least = Number(schema['minimum'] ?? Number(schema['exclusiveMinimum'] ?? -1) + 1)
    const most = Number(schema['maximum'] ?? least + 1000)
    return this.#random.pick([least, most, this.#random.between(least, Math.min(most, least + 50))])
  }

  #text(schema: JsonObject, name: string): string {
    const known = this.#known.get(name)
    if (known !== undefined && known.length > 0 && this.#random.chance(0.8)) {
      return this.#random.pick(known)
    }
    if (schema['format'] === 'date-time') {
      const day = this.#random.between(-400, 400)
      return new Date(Date.UTC(2030, 0, 1) + day * 86_400_000).toISOString()
    }
    const least = Number(schema['minLength'] ?? 0)
    const most = Math.min(Number(schema['maxLength'] ?? 40), 300)
    if (typeof schema['pattern'] === 'string') {
      return textOfPattern(schema['pattern'], this.#random).slice(0, most)
    }
    const length = this.#random.between(least, Math.min(most, least + 20))
    const made = Array.from({ length }, () => this.#random.pick(letters))
    return made.join('')
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
