import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { memberPath, parseGuardedJson } from './json-guard.ts'
import { OciError } from './oci-error.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

function refusal(payload: Uint8Array | string): OciError {
  try {
    parseGuardedJson(typeof payload === 'string' ? bytes(payload) : payload)
  } catch (error) {
    if (error instanceof OciError) return error
    throw error
  }
  throw new Error('accepted')
}

const path = (payload: string) => refusal(payload).details[0]?.path

/** Any UTF-16 unit, so broken surrogates too. The units that fast-check names take a second to set up. */
const anyUnit = fc.nat(0xffff).map((code) => String.fromCharCode(code))

/** A document as it is written: members in order, keys possibly repeated, each with its own escaping. */
type Written =
  | { kind: 'text'; text: string }
  | { kind: 'array'; items: Written[] }
  | { kind: 'object'; members: { key: string; escape: boolean; value: Written }[] }

const { written } = fc.letrec<{ written: Written }>((tie) => ({
  written: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({
      kind: fc.constant('text' as const),
      text: fc.constantFrom('1', '-2.5e3', 'null', 'true', '"x"', '"{\\"a\\":1,"', '"\\\\"', '""'),
    }),
    fc.record({
      kind: fc.constant('array' as const),
      items: fc.array(tie('written'), { maxLength: 4 }),
    }),
    fc.record({
      kind: fc.constant('object' as const),
      members: fc.array(
        fc.record({
          key: fc.constantFrom('a', 'b', '', '"', '\\', '__proto__', 'é', '\u{1f600}', 'a b'),
          escape: fc.boolean(),
          value: tie('written'),
        }),
        { maxLength: 4 },
      ),
    }),
  ),
}))

function print(value: Written, space: string): string {
  if (value.kind === 'text') return value.text
  if (value.kind === 'array') {
    return `[${space}${value.items.map((item) => print(item, space)).join(`${space},`)}${space}]`
  }
  const members = value.members.map((member) => {
    const key = member.escape
      ? `"${Array.from({ length: member.key.length }, (_, at) => `\\u${member.key.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`
      : JSON.stringify(member.key)
    return `${key}${space}:${print(member.value, space)}`
  })
  return `{${space}${members.join(`,${space}`)}}`
}

/** What `JSON.stringify` gives for it, worked out without `JSON.parse`, which reads some escaped keys wrong. */
function canonical(value: Written): string {
  if (value.kind === 'text') return JSON.stringify(JSON.parse(value.text))
  if (value.kind === 'array') return `[${value.items.map(canonical).join(',')}]`
  const members = value.members.map(
    ({ key, value }) => `${JSON.stringify(key)}:${canonical(value)}`,
  )
  return `{${members.join(',')}}`
}

function repeatsKey(value: Written): boolean {
  if (value.kind === 'text') return false
  if (value.kind === 'array') return value.items.some(repeatsKey)
  const keys = value.members.map((member) => member.key)
  return new Set(keys).size < keys.length || value.members.some(({ value }) => repeatsKey(value))
}

describe('parseGuardedJson', () => {
  test('refuses repeated keys however they are escaped, and reads every other document', () => {
    let repeated = 0
    fc.assert(
      fc.property(written, fc.constantFrom('', ' ', '\n\t'), (value, space) => {
        const text = print(value, space)
        if (repeatsKey(value)) {
          repeated += 1
          expect(refusal(text).kind).toBe('manifestInvalid')
        } else {
          expect(JSON.stringify(parseGuardedJson(bytes(text)))).toBe(canonical(value))
        }
      }),
      { numRuns: 2000 },
    )
    expect(repeated).toBeGreaterThan(50)
  })

  test('reads any JSON value, but for numbers beyond the safe integers', () => {
    const isUnsafe = (value: unknown): boolean =>
      typeof value === 'number'
        ? Math.abs(value) > Number.MAX_SAFE_INTEGER
        : typeof value === 'object' && value !== null && Object.values(value).some(isUnsafe)
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: anyUnit, maxDepth: 4 }), (value) => {
        const text = JSON.stringify(value)
        if (isUnsafe(value)) expect(refusal(text).kind).toBe('manifestInvalid')
        else expect(JSON.stringify(parseGuardedJson(bytes(text)))).toBe(text)
      }),
      { numRuns: 500 },
    )
  })

  test('is right about escaped keys where JSON.parse is misled by earlier documents', () => {
    const earlier = '{"schemaVersion":2,"\\\\":0}'
    JSON.parse(earlier)
    parseGuardedJson(bytes(earlier))
    for (const [escaped, key] of Object.entries({ '\\u0062': 'b', '\\"': '"', '\\n': '\n' })) {
      const value = parseGuardedJson(bytes(`{"schemaVersion":2,"${escaped}":0}`))
      expect(Object.keys(Object(value))).toEqual(['schemaVersion', key])
    }
  })

  test('accepts what JSON.parse accepts and nothing else, but for what it guards against', () => {
    const pieces = ['true', 'null', '\n', '"a":', '"a"', '"b":', '[1,', '{}', '12', '0.5']
    const unit = fc.constantFrom(...'{}[],:"\\u0a1eE-+. \t'.split(''), ...pieces)
    let accepted = 0
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), (text) => {
        let expected: unknown
        try {
          expected = JSON.parse(text)
        } catch {
          expect(refusal(text).kind).toBe('manifestInvalid')
          return
        }
        try {
          expect(parseGuardedJson(bytes(text))).toEqual(expected)
          accepted += 1
        } catch (error) {
          if (!(error instanceof OciError)) throw error
          expect(error.details[0]?.fault).not.toContain('JSON')
        }
      }),
      { numRuns: 5000 },
    )
    expect(accepted).toBeGreaterThan(20)
  })

  test.each([
    '0',
    '-0',
    '-0.5e+1',
    '1E2',
    '" \\u00e9\\/\ud83d\ude00"',
    ' [ ] ',
    '{"":{}}',
    'false',
  ])('reads %s', (text) => {
    expect(parseGuardedJson(bytes(text))).toEqual(JSON.parse(text))
  })

  test.each(['01', '1.', '.5', '+1', '-', '1e', '1e+', '--1', '0x1', '1.e1', 'tru', 'True', "'a'"])(
    'refuses %s',
    (text) => {
      expect(refusal(text).kind).toBe('manifestInvalid')
      expect(refusal(`[${text}]`).kind).toBe('manifestInvalid')
    },
  )

  test('throws nothing but its own error on arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (payload) => {
        try {
          parseGuardedJson(payload)
        } catch (error) {
          expect(error).toBeInstanceOf(OciError)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('names the repeated key by its path', () => {
    expect(path('{"a":1,"a":1}')).toBe('a')
    expect(path('{"layers":[{},{"digest":1,"size":2,"dig\\u0065st":1}]}')).toBe('layers[1].digest')
    expect(path('{"annotations":{"org.x":"","org.x":""}}')).toBe('annotations["org.x"]')
    expect(path('[{"a":{"b":1},"b":[1,2],"b":1}]')).toBe('[0].b')
    expect(path('{"__proto__":1,"__proto__":2}')).toBe('__proto__')
  })

  test('equal keys of different objects are not repeated', () => {
    const text = '{"a":{"a":1},"b":[{"a":1},{"a":1}],"c":"a","d":"\\"a\\":1"}'
    expect(parseGuardedJson(bytes(text))).toEqual(JSON.parse(text))
  })

  test('a key __proto__ is a member and changes no prototype', () => {
    const value = parseGuardedJson(bytes('{"__proto__":{"polluted":true}}'))
    expect(Object.keys(Object(value))).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  test('numbers end at 2^53 - 1 either way', () => {
    for (const text of [
      '9007199254740991',
      '-9007199254740991',
      '0.12345678901234567890',
      '1e15',
    ]) {
      expect(parseGuardedJson(bytes(`[${text}]`))).toEqual([Number(text)])
    }
    for (const text of ['9007199254740992', '-9007199254740992', '1e16', '1E999', '-1e400']) {
      expect(path(`{"size":${text}}`)).toBe('size')
    }
    expect(path(`[1,${'9'.repeat(100_000)}]`)).toBe('[1]')
    expect(path(`[0.${'0'.repeat(100_000)}]`)).toBe('[0]')
  })

  test('nesting ends at 64 levels', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
    expect(parseGuardedJson(bytes(nested(64)))).toBeDefined()
    expect(refusal(nested(65)).kind).toBe('manifestInvalid')
    expect(refusal('['.repeat(4_000_000)).kind).toBe('manifestInvalid')
    expect(refusal('{"a":'.repeat(800_000)).kind).toBe('manifestInvalid')
  })

  test('members and items are counted, as are the keys of one object', () => {
    const items = (count: number) => `[${Array.from({ length: count }, () => '0').join(',')}]`
    const keys = (count: number) =>
      `{${Array.from({ length: count }, (_, at) => `"${at}":0`).join(',')}}`
    expect(parseGuardedJson(bytes(items(159_999)))).toHaveLength(159_999)
    expect(refusal(items(160_000)).kind).toBe('manifestInvalid')
    expect(refusal(`[${'[],'.repeat(160_000)}[]]`).kind).toBe('manifestInvalid')
    expect(Object.keys(Object(parseGuardedJson(bytes(keys(10_000)))))).toHaveLength(10_000)
    expect(path(`{"annotations":${keys(10_001)}}`)).toBe('annotations')
  })

  test.each([
    ['nothing', ''],
    ['a byte order mark', '\ufeff{}'],
    ['a comment', '{} // x'],
    ['a trailing comma', '[1,]'],
    ['two documents', '{}{}'],
    ['NaN', '[NaN]'],
    ['an unclosed string', '{"a'],
    ['a string that ends in a backslash', '"\\'],
    ['a control character in a string', '"\n"'],
    ['a broken escape in a key', '{"\\uZZZZ":1}'],
    ['brackets that do not match', '[}'],
    ['an object closed as an array', '{"a":1]'],
    ['an array closed as an object', '[1}'],
    ['a vertical tab as space', '\v{}'],
    ['a no-break space as space', '{}\u00a0'],
  ])('refuses %s', (_, text) => {
    expect(refusal(text).kind).toBe('manifestInvalid')
  })

  test.each([
    ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22]],
    ['a surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['a cut sequence', [0x22, 0xe2, 0x82, 0x22]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]],
  ])('refuses bytes that are not UTF-8: %s', (_, payload) => {
    expect(refusal(Uint8Array.from(payload)).message).toContain('UTF-8')
  })

  test('4 MiB of the worst input takes linear time', () => {
    const size = 1 << 22
    const started = performance.now()
    for (const text of ['"', '\\', '"\\', '{}', '1 ', '-', '1e1 ', '"\\"', ',', ']', '"a":', ' ']) {
      refusal(text.repeat(size / text.length))
    }
    expect(performance.now() - started).toBeLessThan(6000)
  })
})

test('a path shows strange keys quoted and long ones cut', () => {
  expect(memberPath('', 'config')).toBe('config')
  expect(memberPath('config', 'size')).toBe('config.size')
  expect(memberPath('a', 'x"y')).toBe('a["x\\"y"]')
  expect(memberPath('a', '')).toBe('a[""]')
  expect(memberPath('a', 'k'.repeat(10_000)).length).toBeLessThan(100)
})
