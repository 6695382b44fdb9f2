import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findJsonFault } from './json-fault.ts'

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe('findJsonFault', () => {
  test('finds none in what is JSON, however it is laid out', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom('', ' ', '\t'), (text, indent) => {
        expect(findJsonFault(text)).toBeUndefined()
        expect(findJsonFault(JSON.stringify(JSON.parse(text), undefined, indent))).toBeUndefined()
      }),
    )
  })

  test('agrees with the runtime about damaged texts', () => {
    const damaged = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '"', '{', ']', '\\', '0', '\u0001', 'é'))
      .map(([text, at, put]) => {
        const where = at % (text.length + 1)
        return text.slice(0, where) + put + text.slice(where + 1)
      })
    fc.assert(
      fc.property(damaged, (text) => {
        expect(findJsonFault(text) === undefined).toBe(isJson(text))
      }),
      { numRuns: 2000 },
    )
  })

  test('tells the place as an editor counts', () => {
    expect(findJsonFault('{\n\t"auths": {},\n\t"a": x\n}')).toBe('line 3, column 7')
    expect(findJsonFault('{"a": 1')).toBe('line 1, column 8')
    expect(findJsonFault('{"a": 1} }')).toBe('line 1, column 10')
  })

  test('takes a depth that no recursion would', () => {
    const depth = 200_000
    expect(findJsonFault('['.repeat(depth) + ']'.repeat(depth))).toBeUndefined()
    expect(findJsonFault('['.repeat(depth))).toBe(`line 1, column ${depth + 1}`)
  })
})
