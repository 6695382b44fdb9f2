import { z } from 'zod'
import { placeholders } from '../tag-strategy/pattern.ts'
import { buildSchema } from './build-schema.ts'

type JsonSchema = z.core.JSONSchema.BaseSchema

const head = `# berth.yaml

<!-- Made from packages/cli/src/build/build-schema.ts. A test says how to make it anew. -->

What \`berth build\` builds. [Building](../guides/building.md) shows it at work. A field that is not in this list is a fault; all faults of a file are told at once,
with line and column.

Values may hold \`\${NAME}\`, \`\${NAME:-default}\` (also when it is empty) and \`\${NAME:?message}\`, from the environment and \`--set NAME=value\`; \`$$\` is a dollar sign.
A variable that is not set is a fault. Keys hold no variables.
`

const tail = `
## Strategies of tags

| entry | tags | left out when |
|---|---|---|
| \`semver\` | \`1.2.3\`, \`1.2\`, \`1\`; of a pre-release only itself; \`+\` becomes \`_\` | there is no version (\`--version\`, or a git tag on the commit); shorter forms when the registry has a higher version of that line, and \`0\` always |
| \`revision\` | the first 12 digits of the commit, with \`-dirty\` when there are changes or unknown files | there is no commit |
| \`branch-revision\` | the branch, its other characters turned into \`-\`, and the revision | there is no commit or no branch |
| \`timestamp\` | \`20261127T182443Z\`, of \`SOURCE_DATE_EPOCH\` when it is set | never |
| \`environment\` | what \`--environment\` or the variable says | neither does |
| \`latest\` | \`latest\` | the branch is not the main branch, or is not known; the version is a pre-release, or the registry has a higher one |
| a name: \`stable\` | itself | never; \`latest\` and shorter forms of the version keep their rules |
| a pattern: \`{version}-{revision}\` | with ${placeholders.map((each) => `\`{${each}}\``).join(', ')} filled in | one of them is not known |

\`berth tags plan\` shows what they make of the working tree now, and why.
`

/** \`docs/reference/berth-yaml.md\`, made from the schema. */
export function buildFileReference(): string {
  const schema = z.toJSONSchema(buildSchema, { io: 'input', unrepresentable: 'any' })
  const { tagging, supplyChain, defaults, services, ...top } = schema.properties ?? {}
  const service = asSchema(asSchema(services).additionalProperties)
  const shared = Object.keys(asSchema(defaults).properties ?? {})
  const all = service.properties ?? {}
  const own = Object.entries(all).filter(([name]) => !shared.includes(name))
  const both = Object.entries(all).filter(([name]) => shared.includes(name))
  const secret = asSchema(asSchema(all.secrets).items)
  return [
    head,
    table('The file', undefined, schema, [
      ...Object.entries(top),
      ...Object.entries({ tagging, supplyChain, defaults, services }),
    ]),
    table('tagging', asSchema(tagging).description, asSchema(tagging)),
    table('supplyChain', asSchema(supplyChain).description, asSchema(supplyChain)),
    table('services.<name>', asSchema(services).description, service, own),
    table('services.<name> and defaults', asSchema(defaults).description, service, both),
    table('secrets[]', 'Exactly one of `env` and `file`.', secret),
    tail,
  ].join('\n')
}

function table(
  title: string,
  text: string | undefined,
  schema: JsonSchema,
  fields: readonly (readonly [string, unknown])[] = Object.entries(schema.properties ?? {}),
): string {
  const rows = fields.map(([name, value]) => {
    const field = asSchema(value)
    const isRequired = schema.required?.includes(name) === true
    const preset =
      field.default === undefined || typeof field.default === 'object'
        ? ''
        : `\`${JSON.stringify(field.default)}\``
    return `| \`${name}\` | ${typeOf(field)} | ${isRequired ? 'required' : preset} | ${(field.description ?? '').replaceAll('|', '\\|')} |`
  })
  const intro = text === undefined ? '' : `${text}\n\n`
  return `## ${title}\n\n${intro}| field | takes | default | meaning |\n|---|---|---|---|\n${rows.join('\n')}\n`
}

function typeOf(schema: JsonSchema): string {
  if (schema.anyOf !== undefined) {
    return schema.anyOf.map((each) => typeOf(asSchema(each))).join(', or ')
  }
  if (schema.type === 'array') {
    const of = asSchema(schema.items).type === 'object' ? 'maps' : 'texts'
    return `list of ${of}`
  }
  if (schema.type === 'object') return 'map'
  if (schema.type === 'boolean') return 'true or false'
  return 'text'
}

function asSchema(value: unknown): JsonSchema {
  return typeof value === 'object' && value !== null ? (value as JsonSchema) : {}
}
