/** What every storage driver must do: each driver's test file runs this suite on it. */
import { randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { StorageDriver, StorageKey, StoredObject } from '../storage/driver.ts'
import { newStorageKey } from '../storage/storage-key.ts'
import { act, followModel } from './storage-model.ts'
import {
  listKeys,
  loadObject,
  openObject,
  reopenObject,
  storeObject,
  writeChunks,
} from './stored-objects.ts'

const mebibyte = 1024 * 1024
const noise = randomBytes(24 * mebibyte)

/** Runs the suite on the drivers that `openDriver` opens, each on an empty store of its own. */
export function describeStorageContract(
  name: string,
  openDriver: () => Promise<StorageDriver>,
): void {
  describe(`${name}: the storage contract`, () => {
    let driver: StorageDriver
    let key: StorageKey
    beforeEach(async () => {
      driver = await openDriver()
      key = newStorageKey()
    })
    afterEach(async () => {
      await driver.close()
    })

    describe('writing and reading', () => {
      it.each([0, 1, 65_536, 65_537, mebibyte, 5 * mebibyte + 3])(
        'reads back a sealed object of %d bytes',
        async (size) => {
          await storeObject(driver, key, noise.subarray(0, size))
          await expectStored(driver, key, noise.subarray(0, size))
        },
      )

      it('fills buffers from any position, and less only at the end', async () => {
        const size = 300_000
        await storeObject(driver, key, noise.subarray(0, size), 1000)
        const reader = await openObject(driver, key)
        expect(reader.size).toBe(size)
        const expected = async (position: number, length: number) => {
          const into = Buffer.alloc(length)
          const count = await reader.read(into, position)
          expect(count).toBe(Math.max(0, Math.min(length, size - position)))
          const bytes = into.subarray(0, count)
          expect(bytes.equals(noise.subarray(position, position + count))).toBe(true)
          expect(into.subarray(count).every((byte) => byte === 0)).toBe(true)
        }
        await expected(0, 1)
        await expected(999, 2)
        await expected(1000, 1000)
        await expected(0, size)
        await expected(1, size)
        await expected(size - 1, 1)
        await expected(size - 1, 10)
        await expected(size, 10)
        await expected(size + 5, 10)
        await expected(5, 0)
        reader.release()
      })

      it('serves several reads of one reader, and several readers, at once', async () => {
        await storeObject(driver, key, noise.subarray(0, mebibyte))
        const readers = await Promise.all(Array.from({ length: 8 }, () => openObject(driver, key)))
        await Promise.all(
          readers.flatMap((reader, index) =>
            [0, 1000, 500_000].map(async (position) => {
              const into = Buffer.alloc(100_000)
              expect(await reader.read(into, position + index)).toBe(into.length)
              const expected = noise.subarray(position + index, position + index + into.length)
              expect(into.equals(expected)).toBe(true)
            }),
          ),
        )
        for (const reader of readers) reader.release()
      })

      it('answers undefined for an object that is not there', async () => {
        expect(await driver.open(key)).toBeUndefined()
      })

      it('refuses to create an object twice', async () => {
        await storeObject(driver, key, noise.subarray(0, 10))
        await expect(driver.create(key)).rejects.toMatchObject({ kind: 'unavailable' })
        await expectStored(driver, key, noise.subarray(0, 10))
      })

      it('takes everything when the caller waits only when asked to', async () => {
        const writer = await driver.create(key)
        await writeChunks(writer, noise, 65_536)
        expect(writer.offset).toBe(noise.length)
        await writer.seal()
        await expectStored(driver, key, noise)
      })

      it('counts accepted bytes at once, and empty chunks as nothing', async () => {
        const writer = await driver.create(key)
        await writer.write(noise.subarray(0, 7))
        await writer.write(new Uint8Array(0))
        expect(writer.offset).toBe(7)
        await writer.close()
      })

      it('takes many tiny chunks', async () => {
        const writer = await driver.create(key)
        await writeChunks(writer, noise.subarray(0, 20_000), 3)
        await writer.seal()
        await expectStored(driver, key, noise.subarray(0, 20_000))
      })

      it('shows a flushed object with its present size, and its full size once sealed', async () => {
        const writer = await driver.create(key)
        await writer.write(noise.subarray(0, 100))
        await writer.flush()
        const early = await openObject(driver, key)
        expect(early.size).toBe(100)
        await writer.write(noise.subarray(100, 250))
        await writer.seal()
        expect(await early.read(Buffer.alloc(500), 0)).toBe(100)
        await expectStored(driver, key, noise.subarray(0, 250))
        early.release()
      })
    })

    describe('rollback', () => {
      it.each([0, 1, 70_000, 200_000])('drops what follows byte %d', async (offset) => {
        const writer = await driver.create(key)
        await writeChunks(writer, noise.subarray(0, 200_000), 65_536)
        await writer.rollback(offset)
        expect(writer.offset).toBe(offset)
        await writer.write(noise.subarray(500_000, 500_010))
        await writer.seal()
        const expected = [noise.subarray(0, offset), noise.subarray(500_000, 500_010)]
        await expectStored(driver, key, Buffer.concat(expected))
      })

      it('drops bytes that are still on their way', async () => {
        const writer = await driver.create(key)
        await writer.write(noise.subarray(0, 10))
        await writer.flush()
        for (let at = 10; at < 3 * mebibyte; at += 65_536) {
          void writer.write(noise.subarray(at, at + 65_536))
        }
        await writer.rollback(10)
        await writer.flush()
        const reader = await openObject(driver, key)
        expect(reader.size).toBe(10)
        reader.release()
        await writer.close()
      })

      it('refuses an offset beyond the accepted bytes', async () => {
        const writer = await driver.create(key)
        await writer.write(noise.subarray(0, 10))
        await expect(writer.rollback(11)).rejects.toThrow(RangeError)
        await expect(writer.rollback(-1)).rejects.toThrow(RangeError)
        await writer.close()
      })
    })

    describe('reopening', () => {
      it('continues where the writer was closed', async () => {
        const first = await driver.create(key)
        await writeChunks(first, noise.subarray(0, 100_000), 30_000)
        await first.close()
        const second = await reopenObject(driver, key, 100_000)
        expect(second.offset).toBe(100_000)
        await second.write(noise.subarray(100_000, 150_000))
        await second.seal()
        await expectStored(driver, key, noise.subarray(0, 150_000))
      })

      it.each([0, 5, 99_999])('drops what was stored beyond byte %d', async (offset) => {
        const first = await driver.create(key)
        await first.write(noise.subarray(0, 100_000))
        await first.close()
        const second = await reopenObject(driver, key, offset)
        expect(second.offset).toBe(offset)
        await second.seal()
        await expectStored(driver, key, noise.subarray(0, offset))
      })

      it('answers undefined when the object is absent or shorter', async () => {
        expect(await driver.reopen(key, 0)).toBeUndefined()
        const writer = await driver.create(key)
        await writer.write(noise.subarray(0, 10))
        await writer.close()
        expect(await driver.reopen(key, 11)).toBeUndefined()
        expect(await driver.reopen(key, 10)).toBeDefined()
      })

      it('shuts out a writer that is still open', async () => {
        const first = await driver.create(key)
        await first.write(noise.subarray(0, 100))
        const second = await reopenObject(driver, key, 50)
        await expect(first.write(noise.subarray(0, 10))).rejects.toThrow('closed')
        await first.close()
        await second.write(noise.subarray(50, 60))
        await second.seal()
        await expectStored(driver, key, noise.subarray(0, 60))
      })
    })

    describe('closing a writer', () => {
      it('is harmless twice and after a seal', async () => {
        const writer = await driver.create(key)
        await writer.write(noise.subarray(0, 10))
        await writer.seal()
        await writer.close()
        await writer.close()
        await expectStored(driver, key, noise.subarray(0, 10))
      })

      it('refuses every later act', async () => {
        const writer = await driver.create(key)
        await writer.close()
        await expect(writer.write(noise.subarray(0, 1))).rejects.toThrow('closed')
        await expect(writer.flush()).rejects.toThrow('closed')
        await expect(writer.rollback(0)).rejects.toThrow('closed')
        await expect(writer.seal()).rejects.toThrow('closed')
      })

      it('may come while the object is being sealed', async () => {
        const writer = await driver.create(key)
        await writeChunks(writer, noise.subarray(0, 2 * mebibyte), 65_536)
        await Promise.all([writer.seal(), writer.close()])
        await expectStored(driver, key, noise.subarray(0, 2 * mebibyte))
      })
    })

    describe('removing', () => {
      it('removes once, and tells when there was nothing', async () => {
        await storeObject(driver, key, noise.subarray(0, 10))
        expect(await driver.remove(key)).toBe(true)
        expect(await driver.open(key)).toBeUndefined()
        expect(await driver.remove(key)).toBe(false)
      })

      it('lets open readers finish', async () => {
        await storeObject(driver, key, noise.subarray(0, mebibyte))
        const reader = await openObject(driver, key)
        const first = Buffer.alloc(1000)
        const reading = reader.read(first, 0)
        await driver.remove(key)
        expect(await reading).toBe(1000)
        const last = Buffer.alloc(1000)
        expect(await reader.read(last, mebibyte - 1000)).toBe(1000)
        expect(last.equals(noise.subarray(mebibyte - 1000, mebibyte))).toBe(true)
        reader.release()
      })

      it('leaves nothing of a cancelled upload', async () => {
        const writer = await driver.create(key)
        await writeChunks(writer, noise.subarray(0, 2 * mebibyte), 65_536)
        await writer.close()
        await driver.remove(key)
        expect(await driver.reopen(key, 0)).toBeUndefined()
        expect(await listKeys(driver)).toEqual([])
      })
    })

    describe('readers', () => {
      it('may be released twice, and refuse to read afterwards', async () => {
        await storeObject(driver, key, noise.subarray(0, 10))
        const reader = await openObject(driver, key)
        const other = await openObject(driver, key)
        reader.release()
        reader.release()
        await expect(reader.read(Buffer.alloc(1), 0)).rejects.toThrow('released')
        expect(await other.read(Buffer.alloc(10), 0)).toBe(10)
        other.release()
      })

      it('finish a read during which they are released', async () => {
        await storeObject(driver, key, noise.subarray(0, mebibyte))
        const reader = await openObject(driver, key)
        const into = Buffer.alloc(mebibyte)
        const reading = reader.read(into, 0)
        reader.release()
        await driver.remove(key)
        expect(await reading).toBe(mebibyte)
        expect(into.equals(noise.subarray(0, mebibyte))).toBe(true)
      })
    })

    describe('listing', () => {
      it('tells key, size and time of every object in ascending order', async () => {
        const keys = Array.from({ length: 60 }, newStorageKey)
        const before = Date.now() - 2000
        for (const [index, each] of keys.entries()) {
          await storeObject(driver, each, noise.subarray(0, index))
        }
        const objects: StoredObject[] = []
        for await (const object of driver.list()) objects.push(object)
        expect(objects.map((object) => object.key)).toEqual([...keys].sort())
        for (const object of objects) {
          expect(object.size).toBe(keys.indexOf(object.key))
          expect(object.modifiedAt.getTime()).toBeGreaterThan(before)
          expect(object.modifiedAt.getTime()).toBeLessThan(Date.now() + 2000)
        }
      })

      it('continues after any key, stored or not', async () => {
        const keys = Array.from({ length: 20 }, newStorageKey).sort()
        for (const each of keys) await storeObject(driver, each, noise.subarray(0, 1))
        for (const [index, each] of keys.entries()) {
          expect(await listKeys(driver, each)).toEqual(keys.slice(index + 1))
        }
        expect(await listKeys(driver, key)).toEqual(keys.filter((each) => each > key))
      })

      it('goes on when objects vanish meanwhile', async () => {
        const keys = Array.from({ length: 20 }, newStorageKey).sort()
        for (const each of keys) await storeObject(driver, each, noise.subarray(0, 1))
        const seen: StorageKey[] = []
        for await (const object of driver.list()) {
          seen.push(object.key)
          for (const last of keys.slice(-1)) await driver.remove(last)
        }
        expect(seen).toEqual(keys.slice(0, -1))
      })
    })

    it.each(['../../etc/passwd', 'ab/../../../x', '/etc/passwd', '', 'ab', `AB/${'0'.repeat(32)}`])(
      'refuses the malformed key %j',
      async (text) => {
        // oxlint-disable-next-line no-unsafe-type-assertion -- a key that skipped the parser
        const malformed = text as StorageKey
        const refused = { kind: 'unavailable' }
        await expect(driver.create(malformed)).rejects.toMatchObject(refused)
        await expect(driver.reopen(malformed, 0)).rejects.toMatchObject(refused)
        await expect(driver.open(malformed)).rejects.toMatchObject(refused)
        await expect(driver.remove(malformed)).rejects.toMatchObject(refused)
      },
    )

    it('tells its space or that it has no limit', async () => {
      const space = await driver.space()
      if (space === undefined) return
      expect(space.free).toBeGreaterThan(0)
      expect(space.total).toBeGreaterThanOrEqual(space.free)
    })

    it('closes with its writers, twice without harm, and refuses work afterwards', async () => {
      await storeObject(driver, key, noise.subarray(0, 10))
      const writer = await driver.create(newStorageKey())
      const reader = await openObject(driver, key)
      await driver.close()
      await driver.close()
      await expect(writer.write(noise.subarray(0, 1))).rejects.toThrow('closed')
      await expect(driver.open(key)).rejects.toMatchObject({ kind: 'unavailable' })
      await expect(driver.create(newStorageKey())).rejects.toMatchObject({ kind: 'unavailable' })
      reader.release()
    })

    it('keeps an object byte-exact through any sequence of acts', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(act, { maxLength: 25 }), async (acts) => {
          await followModel(driver, acts)
        }),
        { numRuns: 80 },
      )
    })
  })
}

async function expectStored(
  driver: StorageDriver,
  key: StorageKey,
  bytes: Uint8Array,
): Promise<void> {
  const stored = await loadObject(driver, key)
  expect(stored.length).toBe(bytes.length)
  expect(stored.equals(bytes)).toBe(true)
}
