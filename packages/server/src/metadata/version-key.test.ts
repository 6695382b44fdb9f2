import { describe, expect, test } from 'vitest'
import { versionKeyOf } from './version-key.ts'

/** Every list is in the order in which people want to see it, the newest first. */
const orders: Readonly<Record<string, readonly string[]>> = {
  'semantic versions, with and without v': ['v2.0.0', '1.10.0', 'v1.9.1', '1.9.0', '1.0.0'],
  'a shorter version is the newest of its line': ['2', '2.1', '2.1.3', '2.1.2', '2.0', '2.0.9'],
  'pre-releases stand below their release, in the order of semantic versioning': [
    '1.0.0',
    '1.0.0-rc.10',
    '1.0.0-rc.2',
    '1.0.0-rc.1',
    '1.0.0-rc',
    '1.0.0-beta.11',
    '1.0.0-beta.2',
    '1.0.0-alpha',
    '0.9.9',
  ],
  'variants stand between a release and its pre-releases': [
    '1.21',
    '1.21-bookworm',
    '1.21-alpine',
    '1.21-rc.1',
  ],
  'numbers of any length compare by value': ['10', '9', '1.99999999999999999999', '1.9'],
  'dates follow the versions, however they are written': [
    '0.1',
    '20260703',
    '2026.07.02',
    '2026-07-01',
    '2026-06-30',
    '20251231235959',
  ],
  'what is no version comes last, latest first and the rest by name': [
    '0.0.1',
    '2024-01-01',
    'latest',
    'edge',
    'main',
    'main-2',
    'sha-1234567',
  ],
}

describe('the key of a version', () => {
  for (const [name, tags] of Object.entries(orders)) {
    test(name, () => {
      const newestFirst = tags
        .toSorted()
        .toSorted((a, b) => (versionKeyOf(a) < versionKeyOf(b) ? 1 : -1))
      expect(newestFirst).toEqual(tags)
    })
  }

  test('it is printable ASCII without a space for any tag, so that it sorts everywhere alike', () => {
    for (const tag of [
      '_',
      'a'.repeat(128),
      '1'.repeat(128),
      `1${'-a'.repeat(63)}`,
      '1.2.3.4.5.6.7',
    ]) {
      expect(versionKeyOf(tag)).toMatch(/^[!-~]+$/)
    }
  })
})
