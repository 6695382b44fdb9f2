/**
 * The settings as a flat list, read from the schema: for the environment variables, the texts of
 * faults, redaction and the generated reference.
 */
import * as z from 'zod'
import { configSchema } from './schema.ts'

export type Field = Readonly<{
  /** Dotted, as in messages: `http.tls.certificateFile`. */
  path: string
  keys: readonly string[]
  /** Environment variable: `BERTH_HTTP__TLS__CERTIFICATE_FILE`. */
  variable: string
  type: 'text' | 'number' | 'boolean' | 'choice' | 'list'
  /** In words, after "must be". */
  accepted: string
  /** The kinds of its section that have this setting; `undefined` when the section has no kinds. */
  kinds: readonly string[] | undefined
  required: boolean
  default: unknown
  /** In words, when the default depends on other settings. */
  derived: string | undefined
  description: string
  secret: boolean
  isPath: boolean
}>

export type Section = Readonly<{
  path: string
  description: string
  fields: readonly Field[]
  sections: readonly Section[]
}>

/** What `z.toJSONSchema` writes for the constructs that `schema.ts` uses. */
type Node = {
  type?: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object'
  description?: string
  properties?: Record<string, Node>
  required?: string[]
  oneOf?: Node[]
  items?: Node
  enum?: string[]
  const?: string
  default?: unknown
  minimum?: number
  maximum?: number
  minLength?: number
  secret?: boolean
  path?: boolean
  accepted?: string
  derived?: string
}

/** The settings by section, in the order of the schema. The root section has the path ''. */
export const rootSection: Section = sectionOf([], jsonSchema())

/** Every setting by its dotted path. */
export const fieldsByPath: ReadonlyMap<string, Field> = new Map(
  allFields(rootSection).map((field) => [field.path, field]),
)

/** Every section by its dotted path. */
export const sectionsByPath: ReadonlyMap<string, Section> = new Map(
  allSections(rootSection).map((section) => [section.path, section]),
)

function jsonSchema(): Node {
  return JSON.parse(JSON.stringify(z.toJSONSchema(configSchema, { io: 'input' })))
}

function allFields(section: Section): Field[] {
  return [...section.fields, ...section.sections.flatMap(allFields)]
}

function allSections(section: Section): Section[] {
  return [section, ...section.sections.flatMap(allSections)]
}

function sectionOf(keys: readonly string[], node: Node): Section {
  const fields: Field[] = []
  const sections: Section[] = []
  for (const [key, { child, kinds, required }] of membersOf(node)) {
    const childKeys = [...keys, key]
    if (child.type === 'object' || child.oneOf) sections.push(sectionOf(childKeys, child))
    else fields.push(fieldOf(childKeys, child, kinds, required))
  }
  return { path: keys.join('.'), description: node.description ?? '', fields, sections }
}

type Member = { child: Node; kinds: string[] | undefined; required: boolean }

/** The properties of a section; those of a union are gathered from its kinds, `kind` itself becoming a choice. */
function membersOf(node: Node): Map<string, Member> {
  const members = new Map<string, Member>()
  for (const variant of node.oneOf ?? [node]) {
    const properties = variant.properties ?? {}
    const kind = node.oneOf && properties['kind']?.const
    for (const [key, child] of Object.entries(properties)) {
      const required = variant.required?.includes(key) ?? false
      const known = members.get(key)
      if (kind === undefined) members.set(key, { child, kinds: undefined, required })
      else if (!known) {
        const first = key === 'kind' ? { ...child, enum: [kind] } : child
        members.set(key, { child: first, kinds: key === 'kind' ? undefined : [kind], required })
      } else if (key === 'kind') known.child.enum?.push(kind)
      else known.kinds?.push(kind)
    }
  }
  return members
}

function fieldOf(
  keys: readonly string[],
  node: Node,
  kinds: readonly string[] | undefined,
  required: boolean,
): Field {
  return {
    path: keys.join('.'),
    keys,
    variable: `BERTH_${keys.map(upperSnake).join('__')}`,
    type: typeOf(node),
    accepted: acceptedBy(node),
    kinds,
    required,
    default: node.default,
    derived: node.derived,
    description: node.description ?? '',
    secret: node.secret ?? false,
    isPath: node.path ?? false,
  }
}

function upperSnake(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
}

function typeOf(node: Node): Field['type'] {
  if (node.enum) return 'choice'
  if (node.type === 'array') return 'list'
  if (node.type === 'boolean') return 'boolean'
  return node.type === 'integer' || node.type === 'number' ? 'number' : 'text'
}

function acceptedBy(node: Node): string {
  if (node.enum) return node.enum.map((value) => `\`${value}\``).join(', ')
  if (node.accepted) return node.accepted
  if (node.type === 'boolean') return '`true` or `false`'
  if (node.type === 'array') return `a list of ${node.items ? acceptedBy(node.items) : 'values'}`
  if (node.type === 'string') return 'text'
  const kind = node.type === 'integer' ? 'a whole number' : 'a number'
  if (node.maximum === undefined || node.maximum === Number.MAX_SAFE_INTEGER)
    return `${kind} from ${node.minimum ?? 0}`
  return `${kind} from ${node.minimum ?? 0} to ${node.maximum}`
}
