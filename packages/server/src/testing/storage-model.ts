/** Random acts on one object, done on a driver and on a plain buffer, which must agree. */
import { randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { expect } from 'vitest'
import type { StorageDriver } from '../storage/driver.ts'
import { newStorageKey } from '../storage/storage-key.ts'
import { loadObject, reopenObject } from './stored-objects.ts'

const noise = randomBytes(4 * 1024 * 1024)

type Act =
  | { kind: 'write'; from: number; length: number; wait: boolean }
  | { kind: 'flush' }
  | { kind: 'rollback' | 'reopen'; share: number }

const chunkLength = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 70_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 2_500_000 }) },
)
const share = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true }))
export const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('write'),
      from: fc.integer({ min: 0, max: 1_000_000 }),
      length: chunkLength,
      wait: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('flush') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('rollback', 'reopen'), share }) },
)

/** Does `acts` on a new object and on a plain buffer, and expects the two to agree. */
export async function followModel(driver: StorageDriver, acts: readonly Act[]): Promise<void> {
  const key = newStorageKey()
  let model = Buffer.alloc(0)
  let writer = await driver.create(key)
  for (const each of acts) {
    switch (each.kind) {
      case 'write': {
        const chunk = noise.subarray(each.from, each.from + each.length)
        const room = writer.write(chunk)
        if (each.wait) await room
        model = Buffer.concat([model, chunk])
        break
      }
      case 'flush': {
        await writer.flush()
        expect((await loadObject(driver, key)).equals(model)).toBe(true)
        break
      }
      case 'rollback': {
        model = model.subarray(0, Math.round(model.length * each.share))
        await writer.rollback(model.length)
        break
      }
      case 'reopen': {
        await writer.close()
        model = model.subarray(0, Math.round(model.length * each.share))
        writer = await reopenObject(driver, key, model.length)
        break
      }
    }
    expect(writer.offset).toBe(model.length)
  }
  await writer.seal()
  expect((await loadObject(driver, key)).equals(model)).toBe(true)
  expect(await driver.remove(key)).toBe(true)
}
