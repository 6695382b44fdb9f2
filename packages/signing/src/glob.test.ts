import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matchesGlob } from './glob.ts'

test.each([
  ['a@b.test', 'a@b.test', true],
  ['a@b.test', 'xa@b.test', false],
  ['*@b.test', 'a@b.test', true],
  ['*@b.test', 'a@b.test.evil', false],
  ['https://a.test/*/.github/*', 'https://a.test/x/y/.github/z', true],
  ['a*a', 'a', false],
  ['a*b*a', 'aba', true],
  ['a*ba*a', 'aba', false],
  ['*', '', true],
  ['a.test', 'axtest', false],
])('%s on %s: %s', (pattern, text, expected) => {
  expect(matchesGlob(pattern, text)).toBe(expected)
})

test('agrees with a regular expression of the same meaning', () => {
  const letters = fc.array(fc.constantFrom('a', 'b', '*'), { maxLength: 8 })
  fc.assert(
    fc.property(letters, letters, (pattern, text) => {
      const expression = pattern.map((letter) => (letter === '*' ? '.*' : letter)).join('')
      const plain = text.join('').replaceAll('*', 'c')
      expect(matchesGlob(pattern.join(''), plain)).toBe(new RegExp(`^${expression}$`).test(plain))
    }),
    { numRuns: 5000 },
  )
})

test('no pattern makes it slow', () => {
  const started = performance.now()
  expect(matchesGlob(`${'*a'.repeat(500)}b`, 'a'.repeat(100_000))).toBe(false)
  expect(performance.now() - started).toBeLessThan(500)
})
