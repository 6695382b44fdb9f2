import type { JsonObject, OpenApiDocument } from './openapi-document.ts'

const reader = /^(?:read|get)([A-Z]\w*)$/
const lister = /^list([A-Z]\w*?)s$/

/**
 * Gives names to schemas that occur in more than one place. A schema takes its name from its own id, else from the route
 * that reads it (`readMember`, `listMembers`: `Member`).
 */
export class SchemaNames {
  /** By name, the schema in JSON. */
  readonly #texts = new Map<string, string>()
  readonly #names = new Map<string, string>()
  readonly #made = { input: new Map<object, JsonObject>(), output: new Map<object, JsonObject>() }

  /** Gives the schema this name, or the next free one like it. The first name of a schema counts. */
  prefer(name: string, schema: JsonObject): void {
    const text = JSON.stringify(schema)
    if (this.#names.has(text)) return
    let free = name
    for (let count = 2; this.#texts.has(free); count += 1) free = `${name}${count}`
    this.#texts.set(free, text)
    this.#names.set(text, free)
  }

  /** What was made of the schema before, else what `make` gives: many routes share a few schemas. */
  once(schema: object, io: 'input' | 'output', make: () => JsonObject): JsonObject {
    const made = this.#made[io].get(schema) ?? make()
    this.#made[io].set(schema, made)
    return made
  }

  /** The document with every named schema in its components, and references to it everywhere else. */
  apply(document: OpenApiDocument): OpenApiDocument {
    this.#learn(document)
    const schemas: { [name: string]: JsonObject } = {}
    for (const [name, text] of this.#texts) {
      const schema = JSON.parse(text) as JsonObject
      schemas[name] = Object.fromEntries(
        Object.entries(schema).map(([key, member]) => [key, this.#referring(member)]),
      )
    }
    const paths = this.#referring(document.paths) as OpenApiDocument['paths']
    return dropUnused({ ...document, paths, components: { ...document.components, schemas } })
  }

  #learn({ paths }: OpenApiDocument): void {
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods))
    for (const pattern of [reader, lister]) {
      for (const { operationId, responses } of operations) {
        const name = pattern.exec(operationId)?.[1]?.replace(/ie$/, 'y')
        const answer = responses['200']?.content?.['application/json']?.schema
        if (name === undefined || answer === undefined) continue
        const item = pattern === lister ? itemOf(answer) : answer
        if (item?.['type'] === 'object') this.prefer(name, item)
      }
    }
  }

  #referring(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.#referring(item))
    if (typeof value !== 'object' || value === null) return value
    if ('type' in value || 'anyOf' in value || 'oneOf' in value) {
      const name = this.#names.get(JSON.stringify(value))
      if (name !== undefined) return { $ref: `#/components/schemas/${name}` }
    }
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [key, this.#referring(member)]),
    )
  }
}

function itemOf(page: JsonObject): JsonObject | undefined {
  const { items } = (page['properties'] ?? {}) as { items?: { items?: JsonObject } }
  return items?.items
}

/** Without components that nothing refers to. */
function dropUnused(document: OpenApiDocument): OpenApiDocument {
  const { schemas } = document.components
  const text = JSON.stringify(document)
  const used = Object.entries(schemas).filter(([name]) =>
    text.includes(`"#/components/schemas/${name}"`),
  )
  const sorted = used.sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    ...document,
    components: { ...document.components, schemas: Object.fromEntries(sorted) },
  }
}
