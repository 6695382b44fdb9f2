import { policyRule, type TemplateName, templateNames } from '@berth/api/policy-document.ts'
import * as z from 'zod'

/** A rule while it is edited: what the document says, right or wrong. */
export type RuleValue = Readonly<Record<string, unknown>>

/** A field of a template, as the schema of the API describes it. */
export type Field = {
  readonly name: string
  readonly kind: 'number' | 'text' | 'flag' | 'choice' | 'choices' | 'list' | 'packages'
  readonly isRequired: boolean
  /** For people. */
  readonly hint: string
  readonly options: readonly string[]
  /** What counts when it is left out. */
  readonly fallback: unknown
}

/** What a rule of each template begins with. */
const starters: Readonly<Record<TemplateName, unknown>> = {
  maximumCvss: { score: 8.9 },
  signedBy: { identities: [] },
  scannedWithin: { age: '7d' },
  maximumDataAge: { age: '7d' },
  sla: { critical: '7d', high: '30d' },
  deniedPackages: { packages: [{ name: '' }] },
  deniedVulnerabilities: { vulnerabilities: [] },
  requireAttestation: { predicateType: 'https://slsa.dev/provenance/v1', signedBy: [] },
  requireSbom: {},
  allowedBaseImages: { images: [] },
  notRoot: true,
  requiredLabels: { labels: [] },
  maximumSize: { size: '1GB' },
  maximumLayers: { layers: 50 },
  maximumAge: { age: '180d' },
  licences: { deny: ['AGPL-*'] },
}

/** The template that a rule uses; `undefined` while there is none. */
export function templateOf(rule: RuleValue): TemplateName | undefined {
  return templateNames.find((name) => rule[name] !== undefined)
}

export function withTemplate(rule: RuleValue, template: TemplateName): RuleValue {
  const others = Object.entries(rule).filter(
    ([name]) => !(templateNames as readonly string[]).includes(name),
  )
  return { ...Object.fromEntries(others), [template]: starters[template] }
}

/** What a template demands, in the words of the API. */
export function hintOf(template: TemplateName): string {
  return plain(policyRule.shape[template])
}

const fieldsByTemplate = new Map<TemplateName, readonly Field[]>()

/** The fields of a template; none for one that is only on or off. */
export function fieldsOf(template: TemplateName): readonly Field[] {
  let fields = fieldsByTemplate.get(template)
  if (fields === undefined) {
    const { inner } = opened(policyRule.shape[template])
    fields =
      inner instanceof z.ZodObject
        ? Object.entries(inner.shape).map(([name, schema]) => fieldOf(name, schema as z.ZodType))
        : []
    fieldsByTemplate.set(template, fields)
  }
  return fields
}

function fieldOf(name: string, schema: z.ZodType): Field {
  const { inner, isRequired, fallback } = opened(schema)
  const field = { name, isRequired, fallback, hint: plain(schema), options: [] }
  if (inner instanceof z.ZodNumber) return { ...field, kind: 'number' }
  if (inner instanceof z.ZodBoolean) return { ...field, kind: 'flag' }
  if (inner instanceof z.ZodEnum) {
    return { ...field, kind: 'choice', options: inner.options.map(String) }
  }
  if (!(inner instanceof z.ZodArray)) return { ...field, kind: 'text' }
  const { element } = inner
  if (element instanceof z.ZodObject) return { ...field, kind: 'packages' }
  if (!(element instanceof z.ZodEnum)) return { ...field, kind: 'list' }
  return { ...field, kind: 'choices', options: element.options.map(String) }
}

type Opened = {
  readonly inner: unknown
  readonly isRequired: boolean
  readonly fallback: unknown
}

function opened(schema: unknown): Opened {
  if (schema instanceof z.ZodOptional) return { ...opened(schema.unwrap()), isRequired: false }
  if (schema instanceof z.ZodDefault) {
    return { ...opened(schema.unwrap()), isRequired: false, fallback: schema.def.defaultValue }
  }
  return { inner: schema, isRequired: true, fallback: undefined }
}

/** The description of a schema, without the marks of the reference. */
function plain(schema: z.ZodType): string {
  const own = schema.description
  const text = own ?? (opened(schema).inner as z.ZodType).description ?? ''
  return text.replaceAll('`', '')
}

/** A rule without what it would be anyway, as people write it. */
export function withoutDefaults(rule: RuleValue): RuleValue {
  const template = templateOf(rule)
  return Object.fromEntries(
    Object.entries(rule).flatMap(([name, value]): [string, unknown][] => {
      if (value === undefined) return []
      if (name === template) return [[name, slim(value, fieldsOf(template))]]
      const schema = (policyRule.shape as Readonly<Record<string, z.ZodType>>)[name]
      const isDefault = schema !== undefined && isSame(opened(schema).fallback, value)
      // When it is judged is what people look for first.
      return isDefault && name !== 'on' && name !== 'mode' ? [] : [[name, value]]
    }),
  )
}

function slim(value: unknown, fields: readonly Field[]): unknown {
  if (typeof value !== 'object' || value === null) return value
  const fallbacks = new Map(fields.map(({ name, fallback }) => [name, fallback]))
  return Object.fromEntries(
    Object.entries(value).filter(
      ([name, each]) => each !== undefined && !isSame(fallbacks.get(name), each),
    ),
  )
}

function isSame(left: unknown, right: unknown): boolean {
  return left !== undefined && JSON.stringify(left) === JSON.stringify(right)
}
