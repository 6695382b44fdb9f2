import { describe, expect, it } from 'vitest'
import { Random } from '../faults/random.ts'
import { faultsOf } from './schema-check.ts'
import { textOfPattern } from './text-of-pattern.ts'
import { Values } from './values.ts'

const schema = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 64, pattern: '^[a-z0-9][a-z0-9._-]{0,63}$' },
    limit: { type: 'integer', minimum: 1, maximum: 200 },
    kind: { anyOf: [{ const: 'a' }, { type: 'null' }] },
    list: { type: 'array', minItems: 1, maxItems: 3, items: { enum: ['x', 'y'] } },
    labels: { type: 'object', additionalProperties: { type: 'boolean' } },
  },
  required: ['name', 'kind'],
  additionalProperties: false,
}

describe('the checker of schemas', () => {
  const good = { name: 'a', kind: null, limit: 1, list: ['x'], labels: { l: true } }

  it('finds nothing in what fits', () => {
    expect(faultsOf(good, schema, {})).toEqual([])
  })

  it('finds every rule that is broken', () => {
    const broken = { name: 'A', limit: 1.5, list: ['z'], labels: { l: 1 }, more: 1 }
    expect(faultsOf(broken, schema, {})).toEqual([
      '$.name does not match ^[a-z0-9][a-z0-9._-]{0,63}$',
      '$.limit is not of type integer',
      '$.list[0] is none of ["x","y"]',
      '$.labels.l is not of type boolean',
      '$.kind is missing',
      '$.more is not described',
    ])
    for (const value of [null, [], 'x', 1]) expect(faultsOf(value, schema, {})).not.toEqual([])
  })

  it('follows references, and refuses words it does not know', () => {
    const reference = { $ref: '#/components/schemas/A' }
    expect(faultsOf(1, reference, { A: { type: 'string' } })).toEqual(['$ is not of type string'])
    expect(() => faultsOf(1, reference, {})).toThrow('nowhere')
    expect(() => faultsOf(1, { contains: {} }, {})).toThrow('contains')
  })
})

describe('the generator', () => {
  it('makes values that fit, and values that do not', () => {
    const random = new Random('generate')
    const values = new Values(random, {}, new Map())
    let broken = 0
    for (let count = 0; count < 500; count += 1) {
      expect(faultsOf(values.fitting(schema, 'body'), schema, {})).toEqual([])
      if (faultsOf(values.broken(schema, 'body'), schema, {}).length > 0) broken += 1
    }
    expect(broken).toBeGreaterThan(400)
  })

  it('makes texts that match patterns', () => {
    const random = new Random('patterns')
    for (const pattern of [
      '^[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*(?:\\/[a-z0-9]+)*$',
      '^sha256:[0-9a-f]{64}$',
      '^(?:\\d{1,3}|x|)$',
      '^[^/]{2,4}$',
    ]) {
      for (let count = 0; count < 100; count += 1) {
        expect(textOfPattern(pattern, random)).toMatch(new RegExp(pattern, 'u'))
      }
    }
  })

  it('makes the same of the same seed', () => {
    const make = () => new Values(new Random('same'), {}, new Map()).fitting(schema, 'body')
    expect(make()).toEqual(make())
  })
})
