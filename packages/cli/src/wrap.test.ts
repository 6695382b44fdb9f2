import fc from 'fast-check'
import { expect, test } from 'vitest'
import { wrapText } from './wrap.ts'

test('no line is wider unless it is one word, and no word is lost or broken', () => {
  const word = fc.stringMatching(/^[a-z/.:]{1,40}$/)
  const text = fc
    .array(fc.array(word, { minLength: 1 }).map((words) => words.join(' ')))
    .map((lines) => lines.join('\n'))
  fc.assert(
    fc.property(text, fc.integer({ min: 20, max: 120 }), (given, width) => {
      const wrapped = wrapText(given, width)
      expect(wrapped.split(/\s+/)).toEqual(given.split(/\s+/))
      for (const line of wrapped.split('\n')) {
        expect(line.length <= width || !line.includes(' '), line).toBe(true)
      }
    }),
  )
})

test('indents are kept, and a pipe gets what was said', () => {
  expect(wrapText('  one two three four five', 20)).toBe('  one two three four\n  five')
  const long = 'word '.repeat(50)
  expect(wrapText(long, undefined)).toBe(long)
})
