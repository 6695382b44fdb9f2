import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { expect, test } from 'vitest'
import { buildSchema } from './build-schema.ts'
import { buildFileReference } from './reference-page.ts'

const page = join(import.meta.dirname, '../../../../docs/reference/berth-yaml.md')

test('docs/reference/berth-yaml.md is what the schema makes', async () => {
  const command = `node -e "import('./packages/cli/src/build/reference-page.ts').then((page) => process.stdout.write(page.buildFileReference()))" > docs/reference/berth-yaml.md`
  expect(await readFile(page, 'utf8'), `make it anew: ${command}`).toBe(buildFileReference())
})

test('every field is described', () => {
  const bare: string[] = []
  const visit = (schema: z.core.JSONSchema.BaseSchema, path: string): void => {
    for (const [name, field] of Object.entries(schema.properties ?? {})) {
      if (typeof field === 'boolean') continue
      if (field.description === undefined) bare.push(`${path}${name}`)
      visit(field, `${path}${name}.`)
    }
    for (const inner of [schema.items, schema.additionalProperties]) {
      if (typeof inner === 'object' && !Array.isArray(inner)) visit(inner, path)
    }
  }
  visit(z.toJSONSchema(buildSchema, { io: 'input', unrepresentable: 'any' }), '')
  expect(bare).toEqual([])
})
