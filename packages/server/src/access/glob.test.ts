import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matches, matchesAny, parseGlob } from './glob.ts'

const fits = (pattern: string, text: string) => matches(parseGlob(pattern), text)

describe('a glob', () => {
  it.each([
    ['acme/app', 'acme/app', true],
    ['acme/app', 'acme/apps', false],
    ['acme/app', 'xacme/app', false],
    ['acme/*', 'acme/app', true],
    ['acme/*', 'acme/', true],
    ['acme/*', 'acme/app/x', false],
    ['acme/*', 'acme', false],
    ['acme/**', 'acme/app/x', true],
    ['acme/**', 'acme', false],
    ['{acme,acme/**}', 'acme', true],
    ['**/app', 'a/b/app', true],
    ['**/app', 'app', false],
    ['**', '', true],
    ['v?.?', 'v1.2', true],
    ['v?.?', 'v1.20', false],
    ['a?b', 'a/b', false],
    ['v{1,2}.*', 'v2.7', true],
    ['v{1,2}.*', 'v3.7', false],
    ['{a*,**/b}', 'x/y/b', true],
    ['{,v}1', '1', true],
    ['{,v}1', 'v1', true],
    ['a,b', 'a,b', true],
    ['a.b', 'axb', false],
    ['(a|b)+$', 'a', false],
    ['?', '𝒳', true],
    ['*a*b*c*', 'xxaxxbxxcxx', true],
    ['*a*b*c*', 'xxaxxcxxbxx', false],
  ])('%j against %j: %j', (pattern, text, expected) => {
    expect(fits(pattern, text)).toBe(expected)
  })

  it.each([
    ['', undefined],
    ['a'.repeat(257), undefined],
    ['a***', 2],
    ['a{b', 2],
    ['a}b', 2],
    ['{a,{b}}', 4],
    ['v[0-9]', 2],
    ['a\\*', 2],
    ['a\nb', 2],
    ['\ud800', 1],
    [`{${'a,'.repeat(32)}b}`, 1],
  ])('%j is refused, saying where', (pattern, position) => {
    const refusal = {
      kind: 'requestInvalid',
      details: [
        { field: 'tags', rule: 'glob', reason: 'globInvalid', ...(position && { position }) },
      ],
    }
    expect(() => parseGlob(pattern, 'tags')).toThrow(expect.objectContaining(refusal))
  })

  it.each([
    ['*', true],
    ['**', true],
    ['??*', true],
    ['{a,**}', true],
    ['{a,}', true],
    ['a*', false],
    ['{a,b}', false],
    ['**/', false],
  ])('%j matches things that share nothing with it: %j', (pattern, expected) => {
    expect(parseGlob(pattern).matchesAnything).toBe(expected)
  })

  it('is one of several', () => {
    const globs = ['a', 'b/*'].map((text) => parseGlob(text))
    expect([matchesAny(globs, 'b/x'), matchesAny(globs, 'c'), matchesAny([], 'a')]).toEqual([
      true,
      false,
      false,
    ])
  })

  it('takes steps by length, not by the ways there are to match', () => {
    // A matcher that goes back would need more steps than there is time for.
    expect(fits(`${'*a'.repeat(127)}b`, 'a'.repeat(20_000))).toBe(false)
    expect(fits(`${'**a'.repeat(85)}b`, 'a'.repeat(20_000))).toBe(false)
    expect(fits(`${'{a,a}'.repeat(16)}b`, 'a'.repeat(16))).toBe(false)
  })

  it('agrees with a plain model on every pattern and text', () => {
    const simple = fc.constantFrom('a', 'b', '/', '?', '*', '**')
    const branch = fc.array(simple, { maxLength: 3 })
    const piece = fc.oneof(
      { weight: 4, arbitrary: simple },
      fc.array(branch, { minLength: 1, maxLength: 3 }),
    )
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 7 })
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 6 }), text, (pieces, subject) => {
        const plain = pieces.map((one) =>
          typeof one === 'string' ? one : `{${one.map((parts) => parts.join('')).join(',')}}`,
        )
        // Two runs side by side would be read as one of another kind.
        const lists = [pieces, ...pieces.filter((one) => typeof one !== 'string').flat()]
        fc.pre(lists.every((list) => !list.some((one, at) => isRun(one) && isRun(list[at + 1]))))
        expect(fits(plain.join(''), subject)).toBe(modelMatches(pieces, subject))
      }),
      { numRuns: 3000 },
    )
  })

  it('never fails on a text other than by refusing it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.string(), (pattern, subject) => {
        try {
          matches(parseGlob(pattern), subject)
        } catch (error) {
          expect(error).toMatchObject({ kind: 'requestInvalid' })
        }
      }),
    )
  })
})

const isRun = (piece: unknown) => piece === '*' || piece === '**'

/** Tries every way, as the definition reads. */
function modelMatches(pieces: readonly (string | string[][])[], text: string): boolean {
  const [first, ...rest] = pieces
  if (first === undefined) return text === ''
  if (typeof first !== 'string') {
    return first.some((branch) => modelMatches([...branch, ...rest], text))
  }
  if (first === '?') return text !== '' && text[0] !== '/' && modelMatches(rest, text.slice(1))
  if (first === '*' || first === '**') {
    for (let length = 0; length <= text.length; length += 1) {
      if (first === '*' && text.slice(0, length).includes('/')) return false
      if (modelMatches(rest, text.slice(length))) return true
    }
    return false
  }
  return text.startsWith(first) && modelMatches(rest, text.slice(first.length))
}
