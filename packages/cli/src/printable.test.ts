import fc from 'fast-check'
import { expect, test } from 'vitest'
import { printable } from './printable.ts'

test('control characters are written out, other text stays as it is', () => {
  expect(printable('plain, ünïcode, 漢字, 🚢')).toBe('plain, ünïcode, 漢字, 🚢')
  expect(printable('\u001b]0;title\u0007red\u001b[31m')).toBe(
    '\\u001b]0;title\\u0007red\\u001b[31m',
  )
  expect(printable('two\nlines\r\tand \u009b31m')).toBe('two\\nlines\\r\\tand \\u009b31m')
  expect(printable('abc\u202egpj.exe')).toBe('abc\\u202egpj.exe')
})

test('no text whatever leaves a control character behind', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      // oxlint-disable-next-line no-control-regex
      expect(/[\0-\x1f\x7f-\x9f]/.test(printable(text))).toBe(false)
    }),
  )
})
