import { templateNames } from '@berth/api/policy-document.ts'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type * as z from 'zod'
import { parsePolicy } from './document.ts'
import { examples } from './reference-examples.ts'
import { policyReference, ruleSchema } from './reference-page.ts'

const docs = join(import.meta.dirname, '../../../../docs')

test('docs/reference/policy.md is what the schema makes', async () => {
  const command = `node -e "import('./packages/server/src/policy/reference-page.ts').then((page) => process.stdout.write(page.policyReference()))" > docs/reference/policy.md`
  const page = await readFile(join(docs, 'reference/policy.md'), 'utf8')
  expect(page, `make it anew: ${command}`).toBe(policyReference())
})

test.each(templateNames)('the example of %s is a policy that uses it', (name) => {
  const rules = parsePolicy(`apiVersion: berth/v1\nrules:\n${examples[name]}\n`)
  expect(rules).toHaveLength(1)
  expect(rules[0]?.[name]).toBeDefined()
})

test('the examples are one policy together', () => {
  const all = Object.values(examples).join('\n')
  expect(parsePolicy(`apiVersion: berth/v1\nrules:\n${all}\n`)).toHaveLength(templateNames.length)
})

test('every policy in the guide is valid', async () => {
  const guide = await readFile(join(docs, 'guides/policy.md'), 'utf8')
  const blocks = [...guide.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text)
  expect(blocks.length).toBeGreaterThan(0)
  for (const block of blocks) expect(parsePolicy(block).length).toBeGreaterThan(0)
})

test('every key is described', () => {
  const bare: string[] = []
  const visit = (schema: z.core.JSONSchema.BaseSchema, path: string): void => {
    for (const [name, field] of Object.entries(schema.properties ?? {})) {
      if (typeof field === 'boolean') continue
      if (field.description === undefined) bare.push(`${path}${name}`)
      visit(field, `${path}${name}.`)
    }
    if (typeof schema.items === 'object' && !Array.isArray(schema.items)) visit(schema.items, path)
  }
  visit(ruleSchema(), '')
  expect(Object.keys(ruleSchema().properties ?? {})).toContain('maximumCvss')
  expect(bare).toEqual([])
})
