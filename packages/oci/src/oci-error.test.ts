import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { OciError, quote } from './oci-error.ts'

/** Any UTF-16 unit, so broken surrogates too. The units that fast-check names take a second to set up. */
const anyUnit = fc.nat(0xffff).map((code) => String.fromCharCode(code))

test('an error carries its kind and its details, and has none unless given', () => {
  const error = new OciError('tagInvalid', 'No.', [{ tag: '-' }])
  expect(error).toMatchObject({ name: 'OciError', kind: 'tagInvalid', message: 'No.' })
  expect(error.details).toEqual([{ tag: '-' }])
  expect(new OciError('tagInvalid', 'No.').details).toEqual([])
})

test('quoted text is bounded and free of control characters and broken surrogates', () => {
  fc.assert(
    fc.property(fc.string({ unit: anyUnit, maxLength: 400 }), (text) => {
      const quoted = quote(text)
      expect(quoted.length).toBeLessThanOrEqual(2 + 81 * 6)
      // oxlint-disable-next-line no-control-regex
      expect(quoted).not.toMatch(/[\u0000-\u001f]/)
      expect(quoted.isWellFormed()).toBe(true)
    }),
  )
  expect(quote('a"b\n')).toBe('"a\\"b\\n"')
  expect(quote('x'.repeat(81))).toBe(`"${'x'.repeat(80)}…"`)
})
