import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseRange } from './range.ts'

describe('end-2 Range', () => {
  it.each([
    ['bytes=0-9', 100, [{ start: 0, end: 9 }]],
    ['bytes=90-', 100, [{ start: 90, end: 99 }]],
    ['bytes=-10', 100, [{ start: 90, end: 99 }]],
    ['bytes=0-0', 1, [{ start: 0, end: 0 }]],
    ['Bytes=0-9', 100, [{ start: 0, end: 9 }]],
    [
      'bytes=0-9, 20-29',
      100,
      [
        { start: 0, end: 9 },
        { start: 20, end: 29 },
      ],
    ],
    [
      'bytes=20-29,0-9',
      100,
      [
        { start: 20, end: 29 },
        { start: 0, end: 9 },
      ],
    ],
  ])('end-2 %s of %i bytes is that range', (header, size, ranges) => {
    expect(parseRange(header, size)).toEqual(ranges)
  })

  it.each([
    ['bytes=90-500', 100, { start: 90, end: 99 }],
    ['bytes=-500', 100, { start: 0, end: 99 }],
  ])('end-2 %s of %i bytes is clamped to the content', (header, size, range) => {
    expect(parseRange(header, size)).toEqual([range])
  })

  it.each([
    ['bytes=5000-10000', 2048],
    ['bytes=500-0', 2048],
    ['bytes=2048-', 2048],
    ['bytes=-0', 2048],
    ['bytes=0-0', 0],
    ['bytes=0-', 0],
    ['bytes=-5', 0],
    ['bytes=5000-6000,7000-', 2048],
  ])('end-2 %s of %i bytes cannot be satisfied', (header, size) => {
    expect(parseRange(header, size)).toBe('unsatisfiable')
  })

  it('end-2 a range that can be satisfied counts beside one that cannot', () => {
    expect(parseRange('bytes=5000-,0-4', 100)).toEqual([{ start: 0, end: 4 }])
  })

  it.each([
    undefined,
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=a-b',
    'bytes=1-2-3',
    'bytes=--1',
    'bytes=1 - 2',
    'lines=0-9',
    'bytes=0x1-0x2',
    'bytes=1e1-',
    'bytes=99999999999999999999-',
    `bytes=${Array.from({ length: 17 }, (_, i) => `${i}-${i}`).join(',')}`,
    'bytes=0-,0-',
  ])('end-2 the header %j is ignored', (header) => {
    expect(parseRange(header, 100)).toBeUndefined()
  })

  it('end-2 whatever the header, every range lies within the content and all together are no larger', () => {
    const specifier = fc
      .tuple(fc.option(fc.nat(200), { nil: '' }), fc.option(fc.nat(200), { nil: '' }))
      .map(([first, last]) => `${first}-${last}`)
    const header = fc.oneof(
      fc.array(specifier, { minLength: 1, maxLength: 20 }).map((list) => `bytes=${list.join(',')}`),
      fc.string().map((text) => `bytes=${text}`),
      fc.string(),
    )
    fc.assert(
      fc.property(header, fc.nat(150), (text, size) => {
        const ranges = parseRange(text, size)
        if (ranges === undefined || ranges === 'unsatisfiable') return
        expect(ranges.length).toBeGreaterThan(0)
        let total = 0
        for (const { start, end } of ranges) {
          expect(start).toBeGreaterThanOrEqual(0)
          expect(start).toBeLessThanOrEqual(end)
          expect(end).toBeLessThan(size)
          total += end - start + 1
        }
        expect(total).toBeLessThanOrEqual(size)
      }),
      { numRuns: 2000 },
    )
  })

  it('end-2 a single range of two numbers yields exactly the bytes that slicing yields', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), fc.integer({ min: 1, max: 200 }), (a, b, size) => {
        const content = Buffer.from(Array.from({ length: size }, (_, i) => i % 251))
        const expected = content.subarray(a, b + 1)
        const ranges = parseRange(`bytes=${a}-${b}`, size)
        if (expected.length === 0) {
          expect(ranges).toBe('unsatisfiable')
          return
        }
        const [range] = Array.isArray(ranges) ? ranges : []
        expect(content.subarray(range?.start, (range?.end ?? -1) + 1)).toEqual(expected)
      }),
    )
  })
})
