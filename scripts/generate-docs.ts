/**
 * Writes `docs/reference/configuration.md` and `configuration.schema.json` from the schema of the settings, and
 * `openapi.json` from the routes of the management API, and `cli/` from the commands.
 * With `--check` it writes nothing and exits with 1 when a file on disk is not what it would write.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import * as z from 'zod'
import { type Field, rootSection, type Section } from '../packages/server/src/config/fields.ts'
import { configSchema } from '../packages/server/src/config/schema.ts'
import { describeApi } from '../packages/server/src/http/management/documents.ts'
import { managementRoutes } from '../packages/server/src/http/management/routes.ts'
import { cliPages } from './generate-cli-docs.ts'

const folder = new URL('../docs/reference/', import.meta.url)

const head = `# Settings

This page is generated from the schema of the settings: change \`packages/server/src/config/schema.ts\` and run \`node scripts/generate-docs.ts\`.
How settings are written and where they come from is told in the [guide](../guides/configuration.md).
For editors there is a [JSON Schema](configuration.schema.json).

The file itself is named by \`--config\` or the variable \`BERTH_CONFIG\`.
Settings marked *secret* are never shown, and can be read from a file: the variable with \`_FILE\` at its end names that file.
`

function page(): string {
  return `${head}\n${sectionText({ ...rootSection, description: '' }, 1)}`
}

function sectionText(section: Section, depth: number): string {
  const title =
    section.path === ''
      ? ''
      : `${'#'.repeat(depth)} \`${section.path}\`\n\n${section.description}\n`
  const rows = section.fields.map(row)
  const columns = ['Setting', 'Variable', 'Accepted', 'Default', 'What it does']
  const table =
    rows.length === 0 ? '' : [cells(columns), cells(columns.map(() => '---')), ...rows].join('\n')
  const below = section.sections.map((child) => sectionText(child, Math.max(depth, 1) + 1))
  return [title, table && `${table}\n`, ...below].filter((part) => part !== '').join('\n')
}

function row(field: Field): string {
  const key = `\`${field.keys.at(-1) ?? ''}\``
  const kinds = field.kinds?.map((kind) => `\`${kind}\``).join(', ')
  return cells([
    kinds === undefined ? key : `${key} (kind ${kinds})`,
    `\`${field.variable}\``,
    field.accepted,
    defaultText(field),
    field.secret ? `*Secret.* ${field.description}` : field.description,
  ])
}

function defaultText(field: Field): string {
  if (field.derived !== undefined) return `\`${field.derived}\``
  if (field.required) return '*needed*'
  if (field.default === undefined) return '—'
  if (Array.isArray(field.default) && field.default.length === 0) return 'none'
  const text = typeof field.default === 'string' ? field.default : JSON.stringify(field.default)
  return `\`${text}\``
}

function cells(texts: readonly string[]): string {
  return `| ${texts.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`
}

function schemaForEditors(): string {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      if (jsonSchema['secret'] === true) jsonSchema.writeOnly = true
      for (const note of ['secret', 'path', 'accepted', 'derived']) delete jsonSchema[note]
    },
  })
  return `${JSON.stringify({ title: 'Berth settings', ...schema }, null, 2)}\n`
}

function openApi(): string {
  const document = describeApi(managementRoutes.map(({ route }) => route))
  return `${JSON.stringify(document, null, 2)}\n`
}

function read(file: URL): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

const files = [
  { name: 'configuration.md', text: page() },
  { name: 'configuration.schema.json', text: schemaForEditors() },
  { name: 'openapi.json', text: openApi() },
  ...(await cliPages()),
]
mkdirSync(new URL('cli/', folder), { recursive: true })
for (const { name, text } of files) {
  const file = new URL(name, folder)
  const onDisk = read(file)
  if (onDisk === text) continue
  if (!process.argv.includes('--check')) {
    writeFileSync(file, text)
    process.stdout.write(`Wrote docs/reference/${name}\n`)
    continue
  }
  const [wanted, found] = [text.split('\n'), onDisk.split('\n')]
  const line = wanted.findIndex((content, index) => content !== found[index])
  process.stderr.write(
    `docs/reference/${name} is out of date, first at line ${line + 1}:\n  on disk:  ${found[line] ?? '(missing)'}\n  expected: ${wanted[line] ?? '(nothing)'}\nRun: node scripts/generate-docs.ts\n`,
  )
  process.exitCode = 1
}
const pages = new Set(files.map(({ name }) => name))
for (const name of readdirSync(new URL('cli/', folder)).map((each) => `cli/${each}`)) {
  if (pages.has(name)) continue
  process.stderr.write(`docs/reference/${name} tells of a command that is gone: remove it.\n`)
  process.exitCode = 1
}
