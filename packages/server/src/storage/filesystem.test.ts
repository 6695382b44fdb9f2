import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { descriptorsUnder } from '../testing/open-descriptors.ts'
import { describeStorageContract } from '../testing/storage-contract.ts'
import {
  listKeys,
  loadObject,
  openObject,
  reopenObject,
  storeObject,
  writeChunks,
} from '../testing/stored-objects.ts'
import type { ObjectWriter, StorageDriver } from './driver.ts'
import { openFilesystem } from './filesystem.ts'
import { newStorageKey } from './storage-key.ts'

const run = promisify(execFile)
const mebibyte = 1024 * 1024
const noise = randomBytes(4 * mebibyte)
const root = await mkdtemp(join(tmpdir(), 'berth-filesystem-'))
afterAll(async () => {
  await rm(root, { recursive: true, force: true })
})

async function emptyDirectory(): Promise<string> {
  return await mkdtemp(join(root, 'store-'))
}

describeStorageContract('filesystem', async () =>
  openFilesystem({ directory: await emptyDirectory(), openFiles: 8 }),
)

describe('the filesystem driver', () => {
  let directory: string
  let driver: StorageDriver
  beforeEach(async () => {
    directory = await emptyDirectory()
    driver = await openFilesystem({ directory, openFiles: 3 })
  })
  afterEach(async () => {
    await driver.close()
  })
  const pathOf = (key: string) => join(directory, key)
  const openBlobs = () => descriptorsUnder(`${directory}/`).length - 256

  describe('its folder', () => {
    it('has 256 folders and one private file for each object', async () => {
      const key = newStorageKey()
      await storeObject(driver, key, noise.subarray(0, 10))
      expect(await readdir(directory)).toHaveLength(256)
      const file = await stat(pathOf(key))
      expect(file.size).toBe(10)
      expect(file.mode & 0o777).toBe(0o600)
      const shard = await stat(join(directory, key.slice(0, 2)))
      expect(shard.mode & 0o777).toBe(0o700)
    })

    it('is made with the folders above it', async () => {
      const nested = join(directory, 'new', 'blobs')
      const other = await openFilesystem({ directory: nested, openFiles: 3 })
      expect(await readdir(nested)).toHaveLength(256)
      await other.close()
    })

    it('is refused by name when it is a file or one of its folders is', async () => {
      const file = join(directory, 'file')
      await writeFile(file, '')
      await expect(openFilesystem({ directory: file, openFiles: 3 })).rejects.toThrow(file)
      const other = await emptyDirectory()
      await writeFile(join(other, '7f'), '')
      const before = descriptorsUnder(other).length
      await expect(openFilesystem({ directory: other, openFiles: 3 })).rejects.toThrow(other)
      expect(descriptorsUnder(other)).toHaveLength(before)
    })

    it.skipIf(process.getuid?.() === 0)(
      'is refused by name when it cannot be written',
      async () => {
        const other = await emptyDirectory()
        await chmod(other, 0o500)
        await expect(openFilesystem({ directory: other, openFiles: 3 })).rejects.toThrow(other)
      },
    )

    it('may hold foreign files, which are neither listed nor followed', async () => {
      const [key, folder, link] = [newStorageKey(), newStorageKey(), newStorageKey()]
      await storeObject(driver, key, noise.subarray(0, 10))
      await mkdir(pathOf(folder))
      await symlink('/etc/passwd', pathOf(link))
      await writeFile(join(directory, '00', 'notes.txt'), '')
      await writeFile(join(directory, '00', `${key.slice(3)}.bak`), '')
      await writeFile(join(directory, 'lost+found'), '')
      expect(await listKeys(driver)).toEqual([key])
      await expect(driver.open(link)).rejects.toMatchObject({ kind: 'unavailable' })
    })
  })

  it('finds sealed objects and continues unsealed ones after a restart', async () => {
    const [sealed, unsealed] = [newStorageKey(), newStorageKey()]
    await storeObject(driver, sealed, noise)
    const writer = await driver.create(unsealed)
    await writeChunks(writer, noise.subarray(0, mebibyte))
    await writer.flush()
    const restarted = await openFilesystem({ directory, openFiles: 3 })
    expect((await loadObject(restarted, sealed)).equals(noise)).toBe(true)
    const continued = await reopenObject(restarted, unsealed, mebibyte)
    await writeChunks(continued, noise.subarray(mebibyte))
    await continued.seal()
    expect((await loadObject(restarted, unsealed)).equals(noise)).toBe(true)
    await restarted.close()
  })

  it('reads short when a file was truncated underneath', async () => {
    const key = newStorageKey()
    await storeObject(driver, key, noise)
    const reader = await openObject(driver, key)
    await truncate(pathOf(key), 1000)
    expect(reader.size).toBe(noise.length)
    expect(await reader.read(Buffer.alloc(5000), 0)).toBe(1000)
    expect(await reader.read(Buffer.alloc(5000), 2000)).toBe(0)
    reader.release()
  })

  describe('open files', () => {
    it('are shared: many readers of one object need one descriptor', async () => {
      const key = newStorageKey()
      await storeObject(driver, key, noise)
      const readers = await Promise.all(Array.from({ length: 50 }, () => openObject(driver, key)))
      expect(openBlobs()).toBe(1)
      for (const reader of readers) reader.release()
      expect(openBlobs()).toBe(1)
      await driver.remove(key)
      await until(() => openBlobs() === 0)
    })

    it('stay within their number once released, the last used first', async () => {
      const keys = Array.from({ length: 8 }, newStorageKey)
      for (const key of keys) await storeObject(driver, key, noise.subarray(0, 10))
      const readers = await Promise.all(keys.map((key) => openObject(driver, key)))
      expect(openBlobs()).toBe(8)
      for (const reader of readers) reader.release()
      await until(() => openBlobs() === 3)
      const kept = keys.slice(-3)
      for (const key of kept) expect(descriptorsUnder(pathOf(key))).toHaveLength(1)
    })

    it('are closed when a removed object is no longer read', async () => {
      const key = newStorageKey()
      await storeObject(driver, key, noise)
      const reader = await openObject(driver, key)
      await driver.remove(key)
      expect(openBlobs()).toBe(1)
      reader.release()
      await until(() => openBlobs() === 0)
    })

    it('are not kept when the object was removed while it was being opened', async () => {
      for (let round = 0; round < 20; round += 1) {
        const key = newStorageKey()
        await storeObject(driver, key, noise.subarray(0, 10))
        const [reader] = await Promise.all([driver.open(key), driver.remove(key)])
        reader?.release()
        expect(await driver.open(key)).toBeUndefined()
      }
      await until(() => openBlobs() === 0)
    })

    it('are all closed with the driver', async () => {
      const keys = Array.from({ length: 5 }, newStorageKey)
      for (const key of keys) await storeObject(driver, key, noise.subarray(0, 10))
      const readers = await Promise.all(keys.map((key) => openObject(driver, key)))
      await driver.create(newStorageKey())
      readers[0]?.release()
      await driver.close()
      for (const reader of readers) reader.release()
      await until(() => descriptorsUnder(`${directory}/`).length === 0)
    })

    it('make room for others when the process has no descriptor left', async () => {
      const script = `
        import { openFilesystem } from '${import.meta.resolve('./filesystem.ts')}'
        import { newStorageKey } from '${import.meta.resolve('./storage-key.ts')}'
        const driver = await openFilesystem({ directory: process.argv[1], openFiles: 10_000 })
        const keys = Array.from({ length: 300 }, newStorageKey)
        for (const key of keys) {
          const writer = await driver.create(key)
          writer.write(Buffer.from(key))
          await writer.seal()
        }
        for (const key of [...keys, ...keys]) {
          const reader = await driver.open(key)
          const bytes = Buffer.alloc(reader.size)
          await reader.read(bytes, 0)
          if (bytes.toString() !== key) throw new Error('wrong bytes')
          reader.release()
        }
        const held = []
        try {
          for (const key of keys) held.push(await driver.open(key))
          console.log('no limit met')
        } catch (error) {
          console.log(error.kind)
        }
        for (const reader of held) reader.release()
        const writer = await driver.create(newStorageKey())
        await writer.seal()
        await driver.close()
        console.log('done')`
      const { stdout } = await run('sh', [
        '-c',
        'ulimit -n 350; exec "$0" --input-type=module -e "$1" "$2"',
        process.execPath,
        script,
        directory,
      ])
      expect(stdout).toBe('unavailable\ndone\n')
    })
  })

  describe('many writers', () => {
    it('write 100 objects at once', async () => {
      const keys = Array.from({ length: 100 }, newStorageKey)
      await Promise.all(
        keys.map(async (key, index) => {
          await storeObject(driver, key, noise.subarray(index * 1000, index * 1000 + mebibyte))
        }),
      )
      for (const [index, key] of keys.entries()) {
        const expected = noise.subarray(index * 1000, index * 1000 + mebibyte)
        expect((await loadObject(driver, key)).equals(expected)).toBe(true)
      }
      expect(await listKeys(driver)).toEqual([...keys].sort())
    })

    it('roll back while all of them have bytes on their way', async () => {
      const keys = Array.from({ length: 16 }, newStorageKey)
      const writers = await Promise.all(keys.map((key) => driver.create(key)))
      for (const writer of writers) {
        for (let at = 0; at < noise.length; at += 65_536) {
          void writer.write(noise.subarray(at, at + 65_536))
        }
      }
      await Promise.all(writers.map((writer) => writer.rollback(10)))
      await Promise.all(writers.map((writer) => writer.seal()))
      for (const key of keys) {
        expect((await loadObject(driver, key)).equals(noise.subarray(0, 10))).toBe(true)
      }
    })

    it('hold no more than the budget in memory when their clients fall silent', async () => {
      const piece = 60_000
      const writers: ObjectWriter[] = []
      for (let count = 0; count < 1000; count += 1) {
        const writer = await driver.create(newStorageKey())
        const room = writer.write(noise.subarray(count * 1000, count * 1000 + piece))
        if (room !== undefined) await room
        writers.push(writer)
      }
      const stored = async () => {
        let bytes = 0
        for await (const object of driver.list()) bytes += object.size
        return bytes
      }
      await delay(200)
      expect(1000 * piece - (await stored())).toBeLessThanOrEqual(16 * mebibyte)
      await Promise.all(writers.map((writer) => writer.flush()))
      expect(await stored()).toBe(1000 * piece)
    })

    it('ask their callers to wait when the disk falls behind', async () => {
      const writer = await driver.create(newStorageKey())
      let asked = 0
      for (let count = 0; count < 2000; count += 1) {
        const room = writer.write(noise.subarray(0, 65_536))
        if (room === undefined) continue
        asked += 1
        await room
      }
      expect(asked).toBeGreaterThan(0)
      await writer.close()
    })
  })
})

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('it did not come about within 5 s')
    await delay(5)
  }
}
