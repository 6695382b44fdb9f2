import { lstat, opendir, statfs, unlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { BerthError } from '../errors.ts'
import type {
  ObjectReader,
  ObjectWriter,
  StorageDriver,
  StorageKey,
  StoredObject,
} from './driver.ts'
import { closeDescriptor, openDescriptor, sizeOf, truncateTo } from './filesystem/descriptors.ts'
import { DirectorySync } from './filesystem/directory-sync.ts'
import { Lanes } from './filesystem/lanes.ts'
import { DirectIo, type DirectLayout } from './filesystem/direct-io.ts'
import { GrowingFile } from './filesystem/growing-file.ts'
import { OpenFiles } from './filesystem/open-files.ts'
import { FilesystemReader } from './filesystem/reader.ts'
import { openShards, shardName, shardOf } from './filesystem/shards.ts'
import { WriteBudget } from './filesystem/write-budget.ts'
import { FilesystemWriter, type WriterShare } from './filesystem/writer.ts'
import { errorCode, storageFailure } from './storage-failure.ts'
import { isStorageKey, parseStorageKey } from './storage-key.ts'

const mebibyte = 1024 * 1024
const writeBudget = 16 * mebibyte
// What a pull may want again at once stays in memory: manifests' configs and small layers. The unit is the largest page
// there is (64 KiB, on some ARM machines).
const directLayout = { from: 4 * mebibyte, unit: 64 * 1024, largest: mebibyte }
const syncEvery = 32 * mebibyte
// Half of the thread pool (see main.js) at most: the other half is left to reads.
const writeLanes = 4
const syncLanes = 4
const backgroundSyncLanes = 2
const statsAtOnce = 16

/**
 * Blobs as files, `<directory>/<2 hex digits>/<id>`, readable by Berth's user alone. Makes what is missing.
 * `openFiles` bounds the files kept open for reading. `direct` is for tests.
 * Throws `unavailable`, naming the directory, when it cannot be used.
 */
export async function openFilesystem(options: {
  directory: string
  openFiles: number
  direct?: DirectLayout
}): Promise<StorageDriver> {
  const directory = resolve(options.directory)
  try {
    const shards = await openShards(directory)
    // One buffer for each write that may run.
    const directIo = new DirectIo(options.direct ?? directLayout, writeLanes)
    return new FilesystemStorage(directory, shards, new OpenFiles(options.openFiles), directIo)
  } catch (error) {
    const code = errorCode(error) ?? 'no reason given'
    throw new BerthError(
      'unavailable',
      `The blob directory ${directory} cannot be used (${code}): make it a directory that Berth may read and write.`,
      { cause: error },
    )
  }
}

class FilesystemStorage implements StorageDriver {
  readonly #directory: string
  /** Descriptors of the shard folders, by number. */
  readonly #shards: readonly number[]
  readonly #directorySyncs: readonly DirectorySync[]
  readonly #files: OpenFiles
  readonly #directIo: DirectIo
  readonly #share: WriterShare
  readonly #writers = new Map<StorageKey, ObjectWriter>()
  #closing: Promise<void> | undefined

  constructor(directory: string, shards: readonly number[], files: OpenFiles, directIo: DirectIo) {
    const syncs = new Lanes(syncLanes)
    this.#directory = directory
    this.#shards = shards
    this.#directorySyncs = shards.map((fd) => new DirectorySync(fd, syncs))
    this.#files = files
    this.#directIo = directIo
    this.#share = {
      budget: new WriteBudget(writeBudget),
      writes: new Lanes(writeLanes),
      syncs,
      backgroundSyncs: new Lanes(backgroundSyncLanes),
      syncEvery,
    }
  }

  async create(key: StorageKey): Promise<ObjectWriter> {
    const path = this.#path(key)
    try {
      return this.#writer(key, path, await this.#openForWriting(path, 'wx'), 0)
    } catch (error) {
      throw storageFailure('begin an upload', error)
    }
  }

  async reopen(key: StorageKey, offset: number): Promise<ObjectWriter | undefined> {
    const path = this.#path(key)
    try {
      // A writer that still has bytes in flight would write behind the new one's back.
      await this.#writers.get(key)?.close()
      const fd = await this.#openForWriting(path, 'r+')
      if (await cutTo(fd, offset)) {
        this.#files.drop(key)
        return this.#writer(key, path, fd, offset)
      }
      return undefined
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined
      throw storageFailure('continue an upload', error)
    }
  }

  async open(key: StorageKey): Promise<ObjectReader | undefined> {
    const path = this.#path(key)
    // A file that grows has another size each time; `onClose` drops the last.
    if (this.#writers.has(key)) this.#files.drop(key)
    try {
      const file = await this.#files.acquire(key, path)
      return file === undefined ? undefined : new FilesystemReader(file, this.#files)
    } catch (error) {
      throw storageFailure('open a blob', error)
    }
  }

  async remove(key: StorageKey): Promise<boolean> {
    const path = this.#path(key)
    try {
      await unlink(path)
      return true
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return false
      throw storageFailure('remove a blob', error)
    } finally {
      this.#files.drop(key)
    }
  }

  async *list(after?: StorageKey): AsyncIterable<StoredObject> {
    const first = after === undefined ? 0 : shardOf(after)
    for (let shard = first; shard < this.#shards.length; shard += 1) {
      const keys = await this.#keysIn(shardName(shard), after)
      for (let start = 0; start < keys.length; start += statsAtOnce) {
        const page = keys.slice(start, start + statsAtOnce)
        for (const object of await Promise.all(page.map((key) => this.#stat(key)))) {
          if (object !== undefined) yield object
        }
      }
    }
  }

  async space(): Promise<{ free: number; total: number }> {
    try {
      const { bavail, blocks, bsize } = await statfs(this.#directory)
      return { free: bavail * bsize, total: blocks * bsize }
    } catch (error) {
      throw storageFailure('tell its free space', error)
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#writers.values()].map((writer) => writer.close()))
    await this.#files.close()
    await Promise.all(this.#shards.map((fd) => closeDescriptor(fd)))
  }

  /** Every path is made here, from a key that has the grammar of our own: none can leave the directory. */
  #path(key: StorageKey): string {
    this.#assertOpen()
    return `${this.#directory}/${parseStorageKey(key)}`
  }

  #assertOpen(): void {
    if (this.#closing === undefined) return
    throw new BerthError('unavailable', 'The blob storage is closed: the server is stopping.')
  }

  async #openForWriting(path: string, flags: 'wx' | 'r+'): Promise<number> {
    const fd = await this.#files.withRoom(() => openDescriptor(path, flags, 0o600))
    if (this.#closing !== undefined) await closeDescriptor(fd)
    this.#assertOpen()
    return fd
  }

  #writer(key: StorageKey, path: string, fd: number, offset: number): ObjectWriter {
    const directorySync = this.#directorySyncs[shardOf(key)]
    const writer = new FilesystemWriter(this.#share, {
      file: new GrowingFile(path, fd, this.#directIo),
      offset,
      syncDirectory: async () => await directorySync?.sync(),
      onClose: () => {
        this.#writers.delete(key)
        this.#files.drop(key)
      },
    })
    this.#writers.set(key, writer)
    return writer
  }

  async #keysIn(shard: string, after: StorageKey | undefined): Promise<StorageKey[]> {
    const keys: StorageKey[] = []
    try {
      const entries = await opendir(join(this.#directory, shard), { bufferSize: 512 })
      for await (const { name } of entries) {
        const key = `${shard}/${name}`
        if (isStorageKey(key) && (after === undefined || key > after)) keys.push(key)
      }
    } catch (error) {
      throw storageFailure('list blobs', error)
    }
    return keys.sort()
  }

  /** `undefined` when it was removed meanwhile, or is no file of ours. */
  async #stat(key: StorageKey): Promise<StoredObject | undefined> {
    try {
      const stats = await lstat(this.#path(key))
      return stats.isFile() ? { key, size: stats.size, modifiedAt: stats.mtime } : undefined
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined
      throw storageFailure('list blobs', error)
    }
  }
}

/** Cuts a file to its first `size` bytes; closes it and answers `false` when it has fewer. */
async function cutTo(fd: number, size: number): Promise<boolean> {
  try {
    const present = await sizeOf(fd)
    if (present > size) await truncateTo(fd, size)
    if (present >= size) return true
  } catch (error) {
    await closeDescriptor(fd)
    throw error
  }
  await closeDescriptor(fd)
  return false
}
