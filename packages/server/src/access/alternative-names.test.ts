import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readAlternativeNames } from './alternative-names.ts'

describe('the alternative names of a certificate', () => {
  it('are read as Node.js writes them', () => {
    const text =
      'DNS:"a.example\\u002c DNS:b.example", DNS:x.example, URI:"spiffe://a/b\\u002cc\'\\"d", email:a@b.c, IP Address:0:0:0:0:0:0:0:1, othername:UPN:up@n, DirName:"O=bar\\u002cCN=foo"'
    expect(readAlternativeNames(text)).toEqual([
      { type: 'DNS', value: 'a.example, DNS:b.example' },
      { type: 'DNS', value: 'x.example' },
      { type: 'URI', value: 'spiffe://a/b,c\'"d' },
      { type: 'email', value: 'a@b.c' },
      { type: 'IP Address', value: '0:0:0:0:0:0:0:1' },
      { type: 'othername', value: 'UPN:up@n' },
      { type: 'DirName', value: 'O=bar,CN=foo' },
    ])
    expect(readAlternativeNames('')).toEqual([])
  })

  it.each([
    'DNS',
    'DNS:a,DNS:b',
    'DNS:a, ',
    ', DNS:a',
    'DNS:a  DNS:b, x',
    'DNS:"a',
    'DNS:"a"b',
    'DNS:a"b"',
    'DNS:"a\\x"',
    'DNS:"\\u00"',
    "DNS:a'b",
    'DNS:a\\b',
    'DNS:a\nb',
    'DNS:"a\nb"',
    '1:a',
    `DNS:${'a'.repeat(64 * 1024)}`,
    Array(201).fill('DNS:a').join(', '),
  ])('are nothing when they have another form: %j', (text) => {
    expect(readAlternativeNames(text)).toBeUndefined()
  })

  it('come out as they went in, whatever they hold', () => {
    const type = fc.constantFrom('DNS', 'URI', 'email', 'IP Address')
    const name = fc.record({ type, value: fc.string({ unit: 'binary' }) })
    fc.assert(
      fc.property(fc.array(name, { maxLength: 5 }), (names) => {
        const text = names.map((one) => `${one.type}:${quoted(one.value)}`).join(', ')
        expect(readAlternativeNames(text)).toEqual(names)
      }),
    )
  })

  it('never fail to be read', () => {
    const piece = fc.constantFrom('DNS', ':', ', ', '"', '\\', 'u002c', 'a', ' ', 'URI:')
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const names = readAlternativeNames(pieces.join(''))
        expect(names === undefined || Array.isArray(names)).toBe(true)
      }),
    )
  })
})

/** As Node.js does it: quoted as soon as there is anything special. */
function quoted(value: string): string {
  if (/^[^"',\\\p{Cc}\p{Cs}]*$/u.test(value)) return value
  return JSON.stringify(value)
    .replaceAll(',', '\\u002c')
    .replaceAll(/\p{Cc}/gu, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
