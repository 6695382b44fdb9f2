import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { OciError } from './oci-error.ts'
import { parseReference, parseRepositoryName, parseTagName } from './reference.ts'

function refusal(parse: (text: string) => unknown, text: string): OciError {
  try {
    parse(text)
  } catch (error) {
    if (error instanceof OciError) return error
    throw error
  }
  throw new Error(`accepted ${JSON.stringify(text)}`)
}

/** The grammar read once more, by taking a component apart at its words. */
function isNamePlainly(text: string): boolean {
  if (text.length > 255) return false
  return text.split('/').every((component) => {
    const pieces = component.split(/([a-z0-9]+)/)
    const separators = pieces.filter((_, index) => index % 2 === 0)
    const inner = separators.slice(1, -1)
    return (
      separators.length > 1 &&
      separators[0] === '' &&
      separators.at(-1) === '' &&
      inner.every((text) => ['.', '_', '__'].includes(text) || text === '-'.repeat(text.length))
    )
  })
}

/** Any UTF-16 unit, so broken surrogates too. The units that fast-check names take a second to set up. */
const anyUnit = fc.nat(0xffff).map((code) => String.fromCharCode(code))

const word = fc.string({ unit: fc.constantFrom(...'abz059'.split('')), minLength: 1, maxLength: 4 })
const separator = fc.constantFrom('.', '_', '__', '-', '--', '-----')
const component = fc
  .tuple(
    word,
    fc.array(
      fc.tuple(separator, word).map((pair) => pair.join('')),
      { maxLength: 3 },
    ),
  )
  .map(([first, more]) => first + more.join(''))
const name = fc
  .array(component, { minLength: 1, maxLength: 5 })
  .map((components) => components.join('/'))
const nearName = fc.string({
  unit: fc.constantFrom(...'aaaz09..__--//A:é\n '.split('')),
  maxLength: 12,
})

describe('parseRepositoryName', () => {
  test('accepts every name built from the grammar', () => {
    fc.assert(
      fc.property(name, (text) => {
        expect(parseRepositoryName(text)).toBe(text)
      }),
    )
  })

  test('accepts exactly what a plain reading of the grammar accepts', () => {
    fc.assert(
      fc.property(fc.oneof(nearName, name, fc.string({ unit: anyUnit })), (text) => {
        if (isNamePlainly(text)) expect(parseRepositoryName(text)).toBe(text)
        else expect(refusal(parseRepositoryName, text).kind).toBe('nameInvalid')
      }),
      { numRuns: 3000 },
    )
  })

  test.each(['a', 'a/manifests/b', 'v2', 'blobs/uploads', 'a__b', 'a---b', '0/1/2', 'a.b_c-d'])(
    'accepts %s',
    (text) => {
      expect(parseRepositoryName(text)).toBe(text)
    },
  )

  test.each([
    ['', 'empty'],
    ['/a', '"/"'],
    ['a/', '"/"'],
    ['a//b', '"//"'],
    ['Library/alpine', 'upper case'],
    ['a/b:c', '":"'],
    ['a/_catalog', 'begin and end'],
    ['a/-b', 'begin and end'],
    ['a/b.', 'begin and end'],
    ['a..b', 'join'],
    ['a___b', 'join'],
    ['a._b', 'join'],
    ['a\n', '\\n'],
    ['..', 'begin and end'],
    ['a/../b', 'begin and end'],
    ['é', 'é'],
    ['a\u{1f600}b', '\u{1f600}'],
    ['a'.repeat(256), '256'],
  ])('says what is wrong with %j', (text, hint) => {
    expect(refusal(parseRepositoryName, text).message).toContain(hint)
  })

  test('accepts 255 characters', () => {
    const text = `${'a/'.repeat(127)}b`
    expect(text).toHaveLength(255)
    expect(parseRepositoryName(text)).toBe(text)
  })

  test('takes no longer for the worst text than for any other', () => {
    const started = performance.now()
    for (const unit of ['a', 'a-', '-', 'a_', '_', 'a.', 'a/', 'a-/']) {
      for (let round = 0; round < 200; round += 1) {
        refusal(parseRepositoryName, `${unit.repeat(254 / unit.length)}!`)
      }
      refusal(parseRepositoryName, `${unit.repeat(1_000_000)}!`)
    }
    expect(performance.now() - started).toBeLessThan(2000)
  })
})

describe('parseTagName', () => {
  test('accepts exactly what a plain reading of the grammar accepts', () => {
    const unit = fc.constantFrom(...'aZ09._-:/é\n'.split(''))
    const texts = fc.oneof(fc.string({ unit, maxLength: 8 }), fc.string({ unit, maxLength: 140 }))
    const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_'
    fc.assert(
      fc.property(texts, (text) => {
        const plain =
          text.length > 0 &&
          text.length <= 128 &&
          text.split('').every((character) => `${letters}.-`.includes(character)) &&
          letters.includes(text.charAt(0))
        if (plain) expect(parseTagName(text)).toBe(text)
        else expect(refusal(parseTagName, text).kind).toBe('tagInvalid')
      }),
      { numRuns: 1000 },
    )
  })

  test('accepts 128 characters and refuses 129', () => {
    expect(parseTagName('a'.repeat(128))).toHaveLength(128)
    expect(refusal(parseTagName, 'a'.repeat(129)).message).toContain('129')
  })

  test.each(['', '.a', '-a', 'a b', 'a\n', 'a/b', 'a+b'])('refuses %j', (text) => {
    expect(refusal(parseTagName, text)).toMatchObject({
      kind: 'tagInvalid',
      details: [{ tag: text }],
    })
  })
})

describe('parseReference', () => {
  test('takes whatever holds a colon for a digest, and all else for a tag', () => {
    const digest = `sha256:${'0'.repeat(64)}`
    expect(parseReference(digest)).toEqual({ kind: 'digest', digest })
    expect(parseReference('latest')).toEqual({ kind: 'tag', tag: 'latest' })
    expect(parseReference('sha256')).toEqual({ kind: 'tag', tag: 'sha256' })
    expect(parseReference(`sha256-${'0'.repeat(64)}.sig`).kind).toBe('tag')
    expect(refusal(parseReference, 'a:b').kind).toBe('digestInvalid')
    expect(refusal(parseReference, 'sha256:baddigeststring').kind).toBe('digestInvalid')
    expect(refusal(parseReference, '').kind).toBe('tagInvalid')
  })

  test('reads or refuses any text, and a refusal is short', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyUnit, maxLength: 2000 }), (text) => {
        try {
          const reference = parseReference(text)
          expect(reference.kind === 'tag' ? reference.tag : reference.digest).toBe(text)
        } catch (error) {
          expect(error).toBeInstanceOf(OciError)
          expect(String(error).length).toBeLessThan(2000)
        }
      }),
    )
  })
})
