import { ClientError } from '@berth/client/client-error.ts'
import { describe, expect, test } from 'vitest'
import { parsePattern } from './pattern.ts'

describe('a glob', () => {
  test.each([
    ['1.*', '1.2.3', true],
    ['1.*', '10.2', false],
    ['*', 'anything', true],
    ['*', 'a/b', false],
    ['acme/**', 'acme/a/b', true],
    ['acme/*', 'acme/a/b', false],
    ['v?', 'v1', true],
    ['v?', 'v10', false],
    ['pr-[0-9]*', 'pr-17', true],
    ['pr-[!0-9]*', 'pr-17', false],
    ['{main,dev-*}', 'dev-x', true],
    ['{main,dev-*}', 'mainline', false],
    ['a+b(c)$', 'a+b(c)$', true],
    ['a.b', 'axb', false],
    ['[a.]x', '.x', true],
  ])('%s on %s: %s', (glob, text, expected) => {
    expect(parsePattern(glob).matches(text)).toBe(expected)
  })
})

describe('a regular expression', () => {
  test.each([
    ['/^pr-[0-9]+$/', 'pr-17', true],
    ['/^pr-[0-9]+$/', 'spr-17', false],
    ['/rc/i', '1.0-RC1', true],
    ['/rc/', '1.0-RC1', false],
  ])('%s on %s: %s', (expression, text, expected) => {
    expect(parsePattern(expression).matches(text)).toBe(expected)
  })
})

test.each(['', '[a', '{a', '/(/', 'x'.repeat(501)])('%j is refused', (source) => {
  expect(() => parsePattern(source)).toThrow(ClientError)
})
