import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, constants, openSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { descriptorsUnder, replaceDescriptor } from '../testing/open-descriptors.ts'
import { describeStorageContract } from '../testing/storage-contract.ts'
import { loadObject, openObject, reopenObject, writeChunks } from '../testing/stored-objects.ts'
import type { ObjectWriter, StorageDriver, StorageKey } from './driver.ts'
import { openFilesystem } from './filesystem.ts'
import { newStorageKey } from './storage-key.ts'

const run = promisify(execFile)
const mebibyte = 1024 * 1024
const noise = randomBytes(13 * mebibyte)
const root = await mkdtemp(join(tmpdir(), 'berth-direct-'))
afterAll(async () => {
  await rm(root, { recursive: true, force: true })
})

const emptyDirectory = async () => await mkdtemp(join(root, 'store-'))
const isDirect = (fd: number) => {
  const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1]
  return (Number.parseInt(flags ?? '', 8) & constants.O_DIRECT) !== 0
}

const small = { from: 65_536, unit: 4096, largest: 65_536 }
describeStorageContract('filesystem with direct writes from 64 KiB on', async () =>
  openFilesystem({ directory: await emptyDirectory(), openFiles: 8, direct: small }),
)

// No disk has sectors of 1000 bytes: its direct writes fail with EINVAL.
const misaligned = { from: 10_000, unit: 1000, largest: 50_000 }
describeStorageContract('filesystem that takes no direct writes', async () =>
  openFilesystem({ directory: await emptyDirectory(), openFiles: 8, direct: misaligned }),
)

/** Not so on some network and container filesystems. */
const worksHere = (() => {
  if (process.platform !== 'linux') return false
  try {
    closeSync(
      openSync(join(root, 'probe'), constants.O_CREAT | constants.O_RDWR | constants.O_DIRECT),
    )
    return true
  } catch {
    return false
  }
})()

describe.skipIf(!worksHere)('direct writes (needs a temporary folder that takes them)', () => {
  let directory: string
  let driver: StorageDriver
  let key: StorageKey
  let writer: ObjectWriter
  beforeEach(async () => {
    directory = await emptyDirectory()
    driver = await openFilesystem({ directory, openFiles: 8 })
    key = newStorageKey()
    writer = await driver.create(key)
  })
  afterEach(async () => {
    await driver.close()
  })
  const descriptors = () => descriptorsUnder(join(directory, key))
  const expectStored = async (expected: Uint8Array) => {
    expect((await loadObject(driver, key)).equals(expected)).toBe(true)
  }

  it('begin after 4 MiB, on a descriptor that is closed with the writer', async () => {
    await writeChunks(writer, noise.subarray(0, 4 * mebibyte))
    await writer.flush()
    expect(descriptors().map(isDirect)).toEqual([false])
    await writeChunks(writer, noise.subarray(4 * mebibyte))
    await writer.flush()
    expect(descriptors().map(isDirect)).toEqual([false, true])
    await writer.seal()
    expect(descriptors()).toEqual([])
    await expectStored(noise)
  })

  it('carry whole pages, and the ordinary descriptor the rest', async () => {
    await writeChunks(writer, noise.subarray(0, 6 * mebibyte))
    await writer.flush()
    const fd = descriptors().find(isDirect) ?? -1
    replaceDescriptor(fd, '/dev/full')
    await writeChunks(writer, noise.subarray(0, 65_535))
    await writer.flush()
    await writeChunks(writer, noise.subarray(65_535, 2 * mebibyte))
    await expect(writer.flush()).rejects.toMatchObject({ kind: 'storageFull' })

    // The byte up to the border went the ordinary way, so the failure begins after it.
    replaceDescriptor(fd, join(directory, key))
    await expect(writer.rollback(6 * mebibyte + 65_537)).rejects.toMatchObject({
      kind: 'storageFull',
    })
    await writer.rollback(6 * mebibyte + 65_536)
    await writeChunks(writer, noise.subarray(65_536, mebibyte))
    await writer.seal()
    const expected = [noise.subarray(0, 6 * mebibyte), noise.subarray(0, mebibyte)]
    await expectStored(Buffer.concat(expected))
  })

  it('keep every byte in its place whatever the chunks and flushes', async () => {
    let at = 0
    const sizes = [1, 4095, 65_536, 100_000, 3, 1_500_000, 65_537, 2_000_001, 511]
    for (let count = 0; at < noise.length; count += 1) {
      const size = sizes[count % sizes.length] ?? 1
      const room = writer.write(noise.subarray(at, at + size))
      if (room !== undefined) await room
      at = Math.min(noise.length, at + size)
      if (count % 4 !== 3) continue
      await writer.flush()
      await expectStored(noise.subarray(0, at))
    }
    await writer.seal()
    await expectStored(noise)
  })

  const mib = (count: number) => count * mebibyte
  it.each([mib(2), mib(4), mib(4) + 1, mib(5) - 1, mib(6), mib(6) + 70_000, mib(12) + 4096])(
    'are overwritten after a rollback to byte %d, also for those who have read them',
    async (offset) => {
      await writeChunks(writer, noise)
      await writer.flush()
      await expectStored(noise)
      const reader = await openObject(driver, key)
      await writer.rollback(offset)
      await writeChunks(writer, noise.subarray(0, noise.length - offset))
      await writer.flush()
      const expected = Buffer.concat([noise.subarray(0, offset), noise]).subarray(0, noise.length)
      const seen = Buffer.alloc(noise.length)
      await reader.read(seen, 0)
      expect(seen.equals(expected)).toBe(true)
      reader.release()
      await writer.seal()
      await expectStored(expected)
      expect((await readFile(join(directory, key))).equals(expected)).toBe(true)
    },
  )

  it.each([mib(4), mib(5) + 65_535, mib(7), mib(13)])(
    'go on after a reopen at byte %d',
    async (offset) => {
      await writeChunks(writer, noise)
      await writer.close()
      writer = await reopenObject(driver, key, offset)
      await writeChunks(writer, noise.subarray(0, mib(3)))
      await writer.flush()
      expect(descriptors().filter(isDirect)).toHaveLength(1)
      await writer.seal()
      await expectStored(Buffer.concat([noise.subarray(0, offset), noise.subarray(0, mib(3))]))
    },
  )

  it('do not fail an upload whose object is removed meanwhile', async () => {
    await writeChunks(writer, noise.subarray(0, mib(3)))
    await writer.flush()
    await driver.remove(key)
    await writeChunks(writer, noise.subarray(mib(3)))
    await writer.flush()
    await writer.close()
    expect(await driver.open(key)).toBeUndefined()
  })

  it('are not tried again in a store where one was refused', async () => {
    const other = await openFilesystem({
      directory: await emptyDirectory(),
      openFiles: 8,
      direct: misaligned,
    })
    const first = await other.create(newStorageKey())
    await writeChunks(first, noise)
    await first.flush()
    const before = descriptorsUnder(root).filter(isDirect).length
    const second = await other.create(key)
    await writeChunks(second, noise)
    await second.flush()
    expect(descriptorsUnder(root).filter(isDirect)).toHaveLength(before)
    await second.seal()
    expect((await loadObject(other, key)).equals(noise)).toBe(true)
    await other.close()
  })

  it('that the system cuts short end in the error that did it, and leave no gap', async () => {
    const script = `
      import { openFilesystem } from '${import.meta.resolve('./filesystem.ts')}'
      const [directory, key] = process.argv.slice(1)
      const driver = await openFilesystem({ directory, openFiles: 8 })
      const writer = await driver.create(key)
      try {
        for (let at = 0; at < 100; at += 1) await writer.write(Buffer.alloc(65_536, at + 1))
        await writer.flush()
      } catch (error) {
        console.log(error.kind)
      }
      await driver.close()`
    const other = newStorageKey()
    // Half a page beyond 5.5 MiB, in blocks of 512 bytes.
    const limit = (5.5 * mebibyte + 2048) / 512
    const { stdout } = await run('sh', [
      '-c',
      `ulimit -f ${limit}; exec "$0" --input-type=module -e "$1" "$2" "$3"`,
      process.execPath,
      script,
      directory,
      other,
    ])
    expect(stdout).toBe('storageFull\n')
    const stored = await loadObject(driver, other)
    expect(stored.length).toBeGreaterThanOrEqual(4 * mebibyte)
    expect(stored.every((byte, index) => byte === Math.floor(index / 65_536) + 1)).toBe(true)
  })

  it('hold little memory for 32 uploads at once', async () => {
    const script = `
      import { openFilesystem } from '${import.meta.resolve('./filesystem.ts')}'
      import { newStorageKey } from '${import.meta.resolve('./storage-key.ts')}'
      const driver = await openFilesystem({ directory: process.argv[1], openFiles: 8 })
      const upload = async (_, index) => {
        const key = newStorageKey()
        const writer = await driver.create(key)
        for (let count = 0; count < 400; count += 1) {
          await writer.write(Buffer.alloc(65_537, index))
          if (count % 8 === 0) await new Promise(setImmediate)
        }
        await writer.seal()
        const reader = await driver.open(key)
        const bytes = Buffer.alloc(65_537)
        const expected = Buffer.alloc(65_537, index)
        if (reader.size !== 400 * 65_537) throw new Error('wrong size')
        for (let at = 0; at < reader.size; at += bytes.length) {
          await reader.read(bytes, at)
          if (!bytes.equals(expected)) throw new Error('wrong bytes')
        }
        reader.release()
        await driver.remove(key)
      }
      await Promise.all(Array.from({ length: 32 }, upload))
      await driver.close()
      console.log(process.resourceUsage().maxRSS)`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script, directory])
    // 800 MiB went through.
    expect(Number(stdout) / 1024).toBeLessThan(350)
  })
})

it('are done without in a folder in memory', async ({ skip }) => {
  const directory = await mkdtemp('/dev/shm/berth-direct-').catch(() => skip())
  const driver = await openFilesystem({ directory, openFiles: 8 })
  try {
    const key = newStorageKey()
    const writer = await driver.create(key)
    await writeChunks(writer, noise)
    await writer.seal()
    expect((await loadObject(driver, key)).equals(noise)).toBe(true)
  } finally {
    await driver.close()
    await rm(directory, { recursive: true, force: true })
  }
})
