import { policyDocumentMax, policyRule, templateNames } from '@berth/api/policy-document.ts'
import * as z from 'zod'
import { examples } from './reference-examples.ts'

type JsonSchema = z.core.JSONSchema.BaseSchema

const head = `# The policy document

<!-- Made from packages/api/src/policy-document.ts. A test says how to make it anew. -->

What a project may say of its images. [Policies](../guides/policy.md) shows it at work. YAML or JSON, at most ${policyDocumentMax / 1024} KiB. A key that is
not in this list, a wrong type or an impossible number is refused with line, column and reason, and the former policy stays in force.

Times are a number with \`m\`, \`h\`, \`d\` or \`w\` (\`12h\`, \`30d\`), sizes a number with \`B\`, \`KB\`, \`MB\`, \`GB\`, \`KiB\`, \`MiB\` or \`GiB\` (\`1.5GiB\`).

\`\`\`yaml
apiVersion: berth/v1
rules:
${examples.notRoot}
${examples.signedBy}
\`\`\`

| key | takes | meaning |
|---|---|---|
| \`apiVersion\` | \`berth/v1\` | required |
| \`rules\` | list of at most 100 rules | required; all of them hold |
`

/** `docs/reference/policy.md`, made from the schema. */
export function policyReference(): string {
  const schema = ruleSchema()
  const all = schema.properties ?? {}
  const names: readonly string[] = templateNames
  const general = Object.entries(all).filter(([name]) => !names.includes(name))
  return [
    head,
    `## A rule\n\nIts name, one of the templates below, and what else is to be said:\n\n${table(schema, general)}`,
    ...templateNames.map((name) => {
      const template = asSchema(all[name])
      const example = `\`\`\`yaml\n${examples[name]}\n\`\`\`\n`
      const settings = rowsOf(template)
      const fields = settings.length === 0 ? '' : `\n${table(template, settings)}`
      return `## ${name}\n\n${template.description ?? ''}\n\n${example}${fields}`
    }),
  ].join('\n')
}

/** JSON Schema of a rule. */
export function ruleSchema(): JsonSchema {
  const { $defs, ...schema } = z.toJSONSchema(policyRule, { io: 'input', unrepresentable: 'any' })
  // A schema with an identifier stands among the definitions.
  return $defs?.['PolicyRule'] ?? schema
}

/** The settings of a template, those of the items of a list among them. */
function rowsOf(template: JsonSchema): [string, unknown][] {
  return Object.entries(template.properties ?? {}).flatMap(([name, value]) => {
    const items = asSchema(asSchema(value).items)
    const inner = Object.entries(items.properties ?? {}).map(([key, field]): [string, unknown] => [
      `${name}[].${key}`,
      field,
    ])
    return [[name, value], ...inner]
  })
}

function table(schema: JsonSchema, fields: readonly (readonly [string, unknown])[]): string {
  const rows = fields.map(([name, value]) => {
    const field = asSchema(value)
    const isRequired = schema.required?.includes(name) === true && field.default === undefined
    const preset = field.default === undefined ? '' : `\`${presetOf(field.default)}\``
    return `| \`${name}\` | ${takes(field)} | ${isRequired ? 'required' : preset} | ${(field.description ?? '').replaceAll('|', '\\|')} |`
  })
  return `| key | takes | default | meaning |\n|---|---|---|---|\n${rows.join('\n')}\n`
}

function presetOf(value: unknown): string {
  return Array.isArray(value) ? `[${value.join(', ')}]` : String(value)
}

function takes(schema: JsonSchema): string {
  if (schema.enum !== undefined) return schema.enum.map((each) => `\`${String(each)}\``).join(', ')
  if (schema.type === 'array') {
    const items = asSchema(schema.items)
    const of =
      items.enum !== undefined ? takes(items) : items.type === 'object' ? 'sections' : 'texts'
    return `list of ${of}`
  }
  if (schema.type === 'boolean') return 'true or false'
  if (schema.type === 'number' || schema.type === 'integer') {
    const { minimum, maximum } = schema
    return `${schema.type === 'integer' ? 'whole number' : 'number'}, ${minimum} to ${maximum}`
  }
  return 'text'
}

function asSchema(value: unknown): JsonSchema {
  return typeof value === 'object' && value !== null ? (value as JsonSchema) : {}
}
