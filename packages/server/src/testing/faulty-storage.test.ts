import { beforeEach, describe, expect, it } from 'vitest'
import type { StorageDriver, StorageKey } from '../storage/driver.ts'
import { openMemory } from '../storage/memory.ts'
import { newStorageKey } from '../storage/storage-key.ts'
import { FaultyStorage } from './faulty-storage.ts'
import { describeStorageContract } from './storage-contract.ts'
import { loadObject, openObject, reopenObject, storeObject } from './stored-objects.ts'

describeStorageContract('faulty, without faults', async () => new FaultyStorage(openMemory()))

describe('faulty storage', () => {
  const bytes = Buffer.from('some bytes of a blob')
  let driver: FaultyStorage & StorageDriver
  let key: StorageKey
  beforeEach(() => {
    driver = new FaultyStorage(openMemory())
    key = newStorageKey()
  })

  it('fails a write until it is rolled back', async () => {
    const writer = await driver.create(key)
    await writer.write(bytes)
    driver.arm({ operation: 'write', effect: { kind: 'fail', error: 'storageFull' } })
    await expect(writer.write(bytes)).rejects.toMatchObject({ kind: 'storageFull' })
    await expect(writer.write(bytes)).rejects.toMatchObject({ kind: 'storageFull' })
    await expect(writer.flush()).rejects.toMatchObject({ kind: 'storageFull' })
    await expect(writer.seal()).rejects.toMatchObject({ kind: 'storageFull' })
    await writer.rollback(4)
    await writer.write(bytes)
    await writer.seal()
    expect((await loadObject(driver, key)).toString()).toBe(`some${bytes.toString()}`)
  })

  it('condemns an object whose seal failed', async () => {
    driver.arm({ operation: 'seal', effect: { kind: 'fail', error: 'unavailable' } })
    const writer = await driver.create(key)
    await writer.write(bytes)
    await expect(writer.seal()).rejects.toMatchObject({ kind: 'unavailable' })
    await expect(writer.rollback(0)).rejects.toMatchObject({ kind: 'unavailable' })
    await writer.close()
    expect(await driver.reopen(key, 0)).toBeUndefined()
  })

  it('shortens and corrupts reads, as often as told', async () => {
    await storeObject(driver, key, bytes)
    driver.arm({ operation: 'read', effect: { kind: 'shorten', bytes: 3 } })
    driver.arm({ operation: 'read', effect: { kind: 'corrupt' }, times: 2 })
    expect((await loadObject(driver, key)).toString()).toBe('som')
    expect((await loadObject(driver, key)).equals(bytes)).toBe(false)
    expect((await loadObject(driver, key)).equals(bytes)).toBe(false)
    expect((await loadObject(driver, key)).equals(bytes)).toBe(true)
  })

  it('fails reads until healed', async () => {
    await storeObject(driver, key, bytes)
    const effect = { kind: 'fail', error: 'unavailable' } as const
    driver.arm({ operation: 'read', effect, times: Number.POSITIVE_INFINITY })
    const reader = await openObject(driver, key)
    for (let count = 0; count < 5; count += 1) {
      await expect(reader.read(Buffer.alloc(4), 0)).rejects.toMatchObject({ kind: 'unavailable' })
    }
    driver.heal()
    expect(await reader.read(Buffer.alloc(4), 0)).toBe(4)
    reader.release()
  })

  it('delays without failing', async () => {
    driver.arm({ operation: 'write', effect: { kind: 'delay', milliseconds: 30 } })
    const begin = performance.now()
    await storeObject(driver, key, bytes)
    expect(performance.now() - begin).toBeGreaterThan(25)
    expect((await loadObject(driver, key)).equals(bytes)).toBe(true)
  })

  it('strikes at the n-th operation of any kind', async () => {
    const acts = async () => {
      const fresh = newStorageKey()
      await storeObject(driver, fresh, bytes)
      const writer = await reopenObject(driver, fresh, 0)
      await writer.flush()
      await writer.rollback(0)
      await writer.close()
      for await (const _ of driver.list()) break
      await driver.space()
      await loadObject(driver, fresh)
      await driver.remove(fresh)
    }
    await acts()
    const each = driver.operations
    expect(each).toBeGreaterThan(8)
    for (let after = 0; after < each; after += 1) {
      driver.arm({ operation: 'any', effect: { kind: 'fail', error: 'unavailable' }, after })
      await expect(acts()).rejects.toMatchObject({ kind: 'unavailable' })
      driver.heal()
    }
    await acts()
  })
})
