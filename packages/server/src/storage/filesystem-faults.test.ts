import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { descriptorsUnder, replaceDescriptor } from '../testing/open-descriptors.ts'
import { loadObject, openObject, storeObject, writeChunks } from '../testing/stored-objects.ts'
import type { StorageDriver, StorageKey } from './driver.ts'
import { openFilesystem } from './filesystem.ts'
import { newStorageKey } from './storage-key.ts'

const run = promisify(execFile)
const mebibyte = 1024 * 1024
const noise = randomBytes(4 * mebibyte)
const root = await mkdtemp(join(tmpdir(), 'berth-faults-'))
afterAll(async () => {
  await rm(root, { recursive: true, force: true })
})

describe('the filesystem driver on a failing disk', () => {
  let directory: string
  let driver: StorageDriver
  let key: StorageKey
  beforeEach(async () => {
    directory = await mkdtemp(join(root, 'store-'))
    driver = await openFilesystem({ directory, openFiles: 8 })
    key = newStorageKey()
  })
  afterEach(async () => {
    await driver.close()
  })
  const breakFile = (device: '/dev/full' | '/dev/null' | '/proc/self/mem') => {
    const fds = descriptorsUnder(join(directory, key))
    expect(fds).toHaveLength(1)
    for (const fd of fds) replaceDescriptor(fd, device)
    return () => {
      for (const fd of fds) replaceDescriptor(fd, join(directory, key))
    }
  }

  it('reports a write that found no space as storageFull, at the latest in flush', async () => {
    const writer = await driver.create(key)
    breakFile('/dev/full')
    await writer.write(noise.subarray(0, 10))
    await expect(writer.flush()).rejects.toMatchObject({ kind: 'storageFull' })
    await expect(writer.flush()).rejects.toMatchObject({ kind: 'storageFull' })
    await expect(writer.write(noise)).rejects.toMatchObject({ kind: 'storageFull' })
    await expect(writer.seal()).rejects.toMatchObject({ kind: 'storageFull' })
    await writer.close()
  })

  it('wakes a caller that waits for room when the write fails', async () => {
    const writer = await driver.create(key)
    breakFile('/dev/full')
    await expect(writeChunks(writer, randomBytes(16 * mebibyte))).rejects.toMatchObject({
      kind: 'storageFull',
    })
    await writer.close()
  })

  it('keeps the paths of the server out of its messages', async () => {
    const writer = await driver.create(key)
    breakFile('/dev/full')
    await writer.write(noise.subarray(0, 10))
    const failure: unknown = await writer.flush().catch((error: unknown) => error)
    expect(String(failure)).not.toContain(directory)
    const twice: unknown = await driver.create(key).catch((error: unknown) => error)
    expect(String(twice)).toContain('EEXIST')
    expect(String(twice)).not.toContain(directory)
    await writer.close()
  })

  it('never seals after a failed sync, and leaves nothing to continue', async () => {
    const writer = await driver.create(key)
    await writer.write(noise.subarray(0, 10))
    await writer.flush()
    const mendFile = breakFile('/dev/null')
    await expect(writer.seal()).rejects.toMatchObject({ kind: 'unavailable' })
    mendFile()
    await expect(writer.seal()).rejects.toMatchObject({ kind: 'unavailable' })
    await expect(writer.rollback(0)).rejects.toMatchObject({ kind: 'unavailable' })
    await expect(writer.flush()).rejects.toMatchObject({ kind: 'unavailable' })
    await writer.close()
    expect(await driver.reopen(key, 0)).toBeUndefined()
    expect(await driver.open(key)).toBeUndefined()
  })

  it('notices a sync that fails in the background while bytes still arrive', async () => {
    await driver.close()
    const direct = { from: Number.POSITIVE_INFINITY, unit: 65_536, largest: mebibyte }
    driver = await openFilesystem({ directory, openFiles: 8, direct })
    const writer = await driver.create(key)
    breakFile('/dev/null')
    const pushing = async () => {
      for (let count = 0; count < 40; count += 1) await writeChunks(writer, noise)
      await writer.seal()
    }
    await expect(pushing()).rejects.toMatchObject({ kind: 'unavailable' })
    await expect(writer.rollback(0)).rejects.toMatchObject({ kind: 'unavailable' })
    await writer.close()
    expect(await driver.open(key)).toBeUndefined()
  })

  it('never seals when the name could not be made durable', async () => {
    const writer = await driver.create(key)
    await writer.write(noise.subarray(0, 10))
    for (const fd of descriptorsUnder(join(directory, key.slice(0, 2)))) {
      if (!descriptorsUnder(join(directory, key)).includes(fd)) replaceDescriptor(fd, '/dev/null')
    }
    await expect(writer.seal()).rejects.toMatchObject({ kind: 'unavailable' })
    await writer.close()
    expect(await driver.open(key)).toBeUndefined()
  })

  it('reports a read error as unavailable, and other objects stay readable', async () => {
    const other = newStorageKey()
    await storeObject(driver, key, noise)
    await storeObject(driver, other, noise)
    const reader = await openObject(driver, key)
    breakFile('/proc/self/mem')
    await expect(reader.read(Buffer.alloc(10), 0)).rejects.toMatchObject({ kind: 'unavailable' })
    reader.release()
    expect((await loadObject(driver, other)).equals(noise)).toBe(true)
  })
})

describe.skipIf(process.getuid?.() !== 0)(
  'the filesystem driver on a full 8 MiB disk (needs root to mount one)',
  () => {
    let mount: string
    let driver: StorageDriver
    beforeEach(async () => {
      mount = await mkdtemp(join(root, 'mount-'))
      await run('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'berth-test', mount])
      driver = await openFilesystem({ directory: join(mount, 'blobs'), openFiles: 8 })
    })
    afterEach(async () => {
      await driver.close()
      await run('umount', [mount])
    })

    it('refuses what does not fit, still reads, and continues after a rollback once there is room', async () => {
      const [small, large] = [newStorageKey(), newStorageKey()]
      await storeObject(driver, small, noise)
      const writer = await driver.create(large)
      await writeChunks(writer, noise.subarray(0, mebibyte))
      await writer.flush()
      const rest = (async () => {
        await writeChunks(writer, noise.subarray(mebibyte))
        await writeChunks(writer, noise)
        await writer.flush()
      })()
      await expect(rest).rejects.toMatchObject({ kind: 'storageFull' })
      expect((await driver.space())?.free).toBe(0)
      expect((await loadObject(driver, small)).equals(noise)).toBe(true)
      await expect(writer.rollback(writer.offset + 1)).rejects.toThrow(RangeError)

      await writer.rollback(mebibyte)
      expect(writer.offset).toBe(mebibyte)
      await driver.remove(small)
      await writeChunks(writer, noise.subarray(mebibyte))
      await writer.seal()
      expect((await loadObject(driver, large)).equals(noise)).toBe(true)
    })

    it('leaves no byte behind a gap when a writer is closed after a failure', async () => {
      const key = newStorageKey()
      // The disk has room for one write and a half; the writer sends them at once, so the first may be the one that fails.
      await writeFile(join(mount, 'filler'), randomBytes(6.5 * mebibyte))
      const writer = await driver.create(key)
      await writeChunks(writer, noise).catch(() => undefined)
      await writer.close()
      const { size } = await stat(join(mount, 'blobs', key))
      expect(size).toBeLessThanOrEqual(mebibyte)
      expect((await loadObject(driver, key)).equals(noise.subarray(0, size))).toBe(true)
    })

    it('cannot begin an upload when not even a name fits', async () => {
      await run('mount', ['-o', 'remount,nr_inodes=300', mount])
      const begin = async () => {
        for (let count = 0; count < 100; count += 1) {
          const writer = await driver.create(newStorageKey())
          await writer.close()
        }
      }
      await expect(begin()).rejects.toMatchObject({ kind: 'storageFull' })
    })
  },
)
