import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type DigestAlgorithm,
  digestAlgorithm,
  digestEncoded,
  digestFault,
  isDigest,
  isDigestAlgorithm,
  makeDigest,
  parseDigest,
} from './digest.ts'
import { OciError } from './oci-error.ts'

const lengths: Record<DigestAlgorithm, number> = { sha256: 64, sha512: 128 }
const hex = (length: number) =>
  fc.string({
    unit: fc.constantFrom(...'0123456789abcdef'.split('')),
    minLength: length,
    maxLength: length,
  })
const parts = fc
  .constantFrom<DigestAlgorithm>('sha256', 'sha512')
  .chain((algorithm) => fc.tuple(fc.constant(algorithm), hex(lengths[algorithm])))

function refusal(text: string): OciError {
  try {
    parseDigest(text)
  } catch (error) {
    if (error instanceof OciError) return error
    throw error
  }
  throw new Error(`accepted ${text}`)
}

describe('parseDigest', () => {
  test('takes apart what makeDigest put together', () => {
    fc.assert(
      fc.property(parts, ([algorithm, encoded]) => {
        const digest = makeDigest(algorithm, encoded)
        expect(parseDigest(digest)).toBe(`${algorithm}:${encoded}`)
        expect(digestAlgorithm(digest)).toBe(algorithm)
        expect(digestEncoded(digest)).toBe(encoded)
      }),
    )
  })

  test('accepts exactly what a plain reading of the grammar accepts', () => {
    const near = fc
      .tuple(
        fc.constantFrom('sha256', 'sha512', 'SHA256', 'sha384', ''),
        fc.constantFrom(':', '', '::', '-'),
        fc.constantFrom(0, 63, 64, 65, 127, 128, 129),
        fc.constantFrom('a', '0', 'F', 'g', ' ', '\n', 'é'),
        fc.nat(130),
      )
      .map(([algorithm, colon, length, character, at]) => {
        const encoded = 'b'.repeat(length)
        return `${algorithm}${colon}${encoded.slice(0, at)}${character}${encoded.slice(at + 1)}`
      })
    fc.assert(
      fc.property(
        fc.oneof(
          near,
          fc.string(),
          parts.map((pair) => pair.join(':')),
        ),
        (text) => {
          const [algorithm, encoded, ...rest] = text.split(':')
          const wanted = algorithm === 'sha256' ? 64 : algorithm === 'sha512' ? 128 : -1
          const plain =
            rest.length === 0 &&
            encoded?.length === wanted &&
            encoded.split('').every((digit) => '0123456789abcdef'.includes(digit))
          expect(isDigest(text)).toBe(plain)
          if (plain) expect(parseDigest(text)).toBe(text)
          else expect(refusal(text).kind).toBe('digestInvalid')
        },
      ),
      { numRuns: 1000 },
    )
  })

  test.each([
    ['a trailing newline', `sha256:${'a'.repeat(64)}\n`],
    ['upper case digits', `sha256:${'A'.repeat(64)}`],
    ['no colon', 'latest'],
    ['nothing', ''],
    ['no algorithm', `:${'a'.repeat(64)}`],
    ['an algorithm that is registered and not supported', `blake3:${'a'.repeat(64)}`],
    ['the length of another algorithm', `sha512:${'a'.repeat(64)}`],
    ['the text the conformance suite sends', 'sha256:baddigeststring'],
  ])('refuses %s', (_, text) => {
    expect(refusal(text)).toMatchObject({ kind: 'digestInvalid', details: [{ digest: text }] })
  })

  test('tells an unsupported algorithm from a malformed digest, and names the case of digits', () => {
    expect(digestFault(`md5:${'a'.repeat(32)}`)).toContain('not supported')
    expect(digestFault(`sha256:${'A'.repeat(64)}`)).toContain('lowercase')
    expect(digestFault('sha256:abc')).toContain('64')
    expect(digestFault(`sha256:${'z'.repeat(64)}`)).not.toContain('lowercase')
    expect(digestFault('latest')).not.toContain('not supported')
  })

  test('a refusal shows no more than the start of a long text', () => {
    const error = refusal(`sha256:${'a'.repeat(1_000_000)}`)
    expect(JSON.stringify([error.message, error.details]).length).toBeLessThan(600)
  })
})

test('makeDigest refuses a hash that does not fit the algorithm', () => {
  expect(() => makeDigest('sha512', 'a'.repeat(64))).toThrow(OciError)
})

test('only the two supported algorithms are algorithms', () => {
  expect(['sha256', 'sha512'].every(isDigestAlgorithm)).toBe(true)
  expect(['', 'sha384', 'SHA256', 'blake3', 'constructor'].some(isDigestAlgorithm)).toBe(false)
})
