import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { meetsConditions, parseConditions } from './claim-conditions.ts'

const meets = (conditions: Record<string, string>, claims: unknown) =>
  meetsConditions(parseConditions(conditions), claims)

describe('conditions on claims', () => {
  it.each([
    [
      { sub: 'repo:acme/*:ref:refs/heads/main' },
      { sub: 'repo:acme/app:ref:refs/heads/main' },
      true,
    ],
    [{ sub: 'repo:acme/*:ref:refs/heads/main' }, { sub: 'repo:acme/app:ref:refs/heads/x' }, false],
    [{ sub: 'a', team: 'b' }, { sub: 'a', team: 'b' }, true],
    [{ sub: 'a', team: 'b' }, { sub: 'a', team: 'c' }, false],
    [{ sub: 'a', team: '**' }, { sub: 'a' }, false],
    [{ groups: 'ops' }, { groups: ['dev', 'ops'] }, true],
    [{ groups: 'ops' }, { groups: [['ops']] }, false],
    [{ run: '42' }, { run: 42 }, true],
    [{ main: 'true' }, { main: true }, true],
    [{ main: 'null' }, { main: null }, false],
    [{ 'kubernetes.io.namespace': 'ci' }, { 'kubernetes.io': { namespace: 'ci' } }, true],
    [{ 'a.b.c': 'x' }, { a: { b: { c: 'x' } } }, true],
    [{ 'a.b': 'x' }, { 'a.b': 'x', a: { b: 'y' } }, true],
    [{ 'a.b': 'y' }, { 'a.b': 'x', a: { b: 'y' } }, false],
    [{ 'a.b.c': 'y' }, { 'a.b': {}, a: { 'b.c': 'y' } }, false],
    [{ 'a.0': 'x' }, { a: ['x'] }, false],
    [{ 'constructor.name': 'Object' }, {}, false],
    [{ '__proto__.x': 'Object' }, {}, false],
    [{ 'sub.length': '1' }, { sub: 'a' }, false],
  ])('%j on %j: %j', (conditions, claims, expected) => {
    expect(meets(conditions, claims)).toBe(expected)
  })

  it.each([
    ['conditions', {}],
    ['conditions', { sub: '**' }],
    ['conditions', { sub: '*', team: '{a,**}' }],
    ['conditions', { aud: 'berth', iss: 'https://x', jti: 'a' }],
    ['conditions', { '': 'a' }],
    ['conditions', { ['x'.repeat(129)]: 'a' }],
    ['conditions.sub', { sub: 'a[b]' }],
    [
      'conditions',
      Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`c${index}`, 'a'])),
    ],
  ])('are refused when they are no conditions: %s', (field, conditions) => {
    expect(() => parseConditions(conditions)).toThrow(
      expect.objectContaining({
        kind: 'requestInvalid',
        details: [expect.objectContaining({ field })],
      }),
    )
  })

  it('answer for any claims, however strange', () => {
    const conditions = parseConditions({ 'a.b.c': '**', sub: 'x*' })
    fc.assert(
      fc.property(fc.jsonValue(), (claims) => {
        expect(meetsConditions(conditions, claims)).toBeTypeOf('boolean')
      }),
    )
  })

  it('go into objects eight levels deep and no further', () => {
    const nested = (depth: number): unknown => (depth === 0 ? 'x' : { a: nested(depth - 1) })
    const path = (depth: number) => Array(depth).fill('a').join('.')
    expect(meets({ [path(9)]: 'x' }, nested(9))).toBe(true)
    expect(meets({ [path(10)]: 'x' }, nested(10))).toBe(false)
  })
})
