import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { newStorageKey, parseStorageKey } from './storage-key.ts'

it('makes keys that its own parser takes and that never repeat', () => {
  const keys = Array.from({ length: 10_000 }, newStorageKey)
  expect(new Set(keys).size).toBe(keys.length)
  for (const key of keys) expect(parseStorageKey(key)).toBe(key)
})

it('spreads keys over all shards', () => {
  const counts = new Map<string, number>()
  for (let count = 0; count < 25_600; count += 1) {
    const shard = newStorageKey().slice(0, 2)
    counts.set(shard, (counts.get(shard) ?? 0) + 1)
  }
  expect(counts.size).toBe(256)
  // 100 are expected in each; 8 standard deviations either way.
  expect(Math.max(...counts.values())).toBeLessThan(180)
  expect(Math.min(...counts.values())).toBeGreaterThan(20)
})

it('orders ids by the time of their making', async () => {
  const earlier = newStorageKey().slice(3)
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect(newStorageKey().slice(3) > earlier).toBe(true)
})

it('refuses every text that is not two hex digits, a slash and 32 hex digits', () => {
  const key = newStorageKey()
  const near = [`${key}\n`, `${key}0`, ` ${key}`, key.slice(1), key.replace('/', '\\'), `${key}/..`]
  for (const text of near) expect(() => parseStorageKey(text)).toThrow('malformed key')
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), (text) => {
      expect(() => parseStorageKey(text)).toThrow('malformed key')
    }),
  )
})

it('parses only texts that stay inside their folder', () => {
  const pieces = fc.constantFrom('..', '/', '.', 'ab', '0', 'f'.repeat(32), '\0', '%2e', '\\')
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 6 }), (parts) => {
      const text = parts.join('')
      try {
        parseStorageKey(text)
      } catch {
        return
      }
      expect(text).toMatch(/^[0-9a-f/]{35}$/)
      expect(text.indexOf('/')).toBe(2)
      expect(text.lastIndexOf('/')).toBe(2)
    }),
  )
})
