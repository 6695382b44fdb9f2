import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareVersions, isRelease } from './version-order.ts'

test('versions come newest first, other tags after them', () => {
  const ordered = [
    'latest',
    '2.0.0',
    '2.0.0-alpine',
    '2.0.0-rc.10',
    '2.0.0-rc.9',
    '2.0.0-beta',
    '1',
    '1.10',
    'v1.10.0',
    '1.9.12',
    '1.9.2',
    'dev',
    'main',
    'sha-0f3a',
  ]
  for (const shuffled of [ordered.toReversed(), ordered.toSorted()]) {
    expect(shuffled.toSorted(compareVersions)).toEqual(ordered)
  }
})

test('numbers are compared in full length', () => {
  expect(['20260102030405061', '20260102030405062'].toSorted(compareVersions)).toEqual([
    '20260102030405062',
    '20260102030405061',
  ])
})

test('it is an order: whatever the tags, sorting any permutation gives the same', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'latest',
      'main',
      'v1',
      '1',
      '1.0',
      '1.0.0',
      '1.0.0-rc.1',
      '1.0-alpine',
      '01.0',
    ),
    fc.stringMatching(/^[a-z0-9_][a-z0-9._-]{0,8}$/),
    fc.stringMatching(/^v?[0-9]{1,2}(\.[0-9]{1,2}){0,2}(-[a-z0-9.]{1,4})?$/),
  )
  fc.assert(
    fc.property(
      fc.uniqueArray(piece, { maxLength: 12 }),
      fc.infiniteStream(fc.nat()),
      (tags, random) => {
        const shuffled = tags
          .map((tag) => ({ tag, at: random.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ tag }) => tag)
        expect(shuffled.sort(compareVersions)).toEqual(tags.toSorted(compareVersions))
        for (const a of tags) {
          for (const b of tags) {
            expect(Math.sign(compareVersions(a, b)) + Math.sign(compareVersions(b, a))).toBe(0)
          }
        }
      },
    ),
    { numRuns: 500 },
  )
})

test.each([
  ['1.2.3', true],
  ['v1.2', true],
  ['1.21-alpine', true],
  ['2026.07.1', true],
  ['1.2.3-rc.1', false],
  ['1.2.3-rc1', false],
  ['1.2.3-alpine-beta2', false],
  ['1.2.3-SNAPSHOT', false],
  ['1', false],
  ['latest', false],
  ['sha-0123', false],
])('%s is a release: %s', (tag, expected) => {
  expect(isRelease(tag)).toBe(expected)
})
