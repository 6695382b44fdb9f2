import { constants } from 'node:fs'
import { closeDescriptor, openDescriptor, sizeOf } from './descriptors.ts'
import type { StorageKey } from '../driver.ts'
import { errorCode } from '../storage-failure.ts'

/** A file open for reading. Whoever holds it may read it; it is closed when nobody does and it is not kept. */
export type OpenFile = {
  readonly key: StorageKey
  readonly fd: number
  /** As it was when opened. */
  readonly size: number
  holders: number
  kept: boolean
}

type Opening = { file: Promise<OpenFile | undefined>; holders: number; kept: boolean }

/**
 * Files open for reading, with the size they had when opened: an object that is asked for again costs neither
 * an open nor a stat. Keeps at most `limit` of them; those in use beyond are closed when let go.
 */
export class OpenFiles {
  readonly #limit: number
  readonly #kept = new Map<StorageKey, OpenFile>()
  /** The kept files that nobody holds, the longest unused first. */
  readonly #idle = new Set<OpenFile>()
  readonly #opening = new Map<StorageKey, Opening>()
  #closed = false

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Opens `path` unless it is open, and holds it. `undefined` when there is no such file. Throws system errors. */
  async acquire(key: StorageKey, path: string): Promise<OpenFile | undefined> {
    const file = this.#kept.get(key)
    if (file === undefined) return await this.#join(key, path)
    this.hold(file)
    return file
  }

  /** Holds a file once more; each hold needs its `release`. */
  hold(file: OpenFile): void {
    if (file.holders === 0) this.#idle.delete(file)
    file.holders += 1
  }

  release(file: OpenFile): void {
    file.holders -= 1
    if (file.holders > 0) return
    if (!file.kept) {
      closeQuietly(file.fd)
      return
    }
    this.#idle.add(file)
    this.#trim()
  }

  /** Forgets a file that was removed or changed. Those who hold it may finish. */
  drop(key: StorageKey): void {
    const opening = this.#opening.get(key)
    if (opening !== undefined) {
      opening.kept = false
      this.#opening.delete(key)
    }
    const file = this.#kept.get(key)
    if (file !== undefined) this.#discard(file)
  }

  /** Runs `open`; when the process or the system is out of descriptors, closes the idle files and runs it again. */
  async withRoom<T>(open: () => Promise<T>): Promise<T> {
    try {
      return await open()
    } catch (error) {
      const code = errorCode(error)
      if (code !== 'EMFILE' && code !== 'ENFILE') throw error
      await this.#closeIdle()
      return await open()
    }
  }

  /** Closes the idle files now and the others when they are let go. */
  async close(): Promise<void> {
    this.#closed = true
    for (const opening of this.#opening.values()) opening.kept = false
    this.#opening.clear()
    await this.#closeIdle()
    for (const file of this.#kept.values()) file.kept = false
    this.#kept.clear()
  }

  async #join(key: StorageKey, path: string): Promise<OpenFile | undefined> {
    const opening = this.#opening.get(key) ?? this.#start(key, path)
    opening.holders += 1
    return await opening.file
  }

  #start(key: StorageKey, path: string): Opening {
    const opening: Opening = { file: Promise.resolve(undefined), holders: 0, kept: !this.#closed }
    opening.file = this.#open(key, path, opening)
    this.#opening.set(key, opening)
    return opening
  }

  async #open(key: StorageKey, path: string, opening: Opening): Promise<OpenFile | undefined> {
    try {
      const found = await this.withRoom(() => openForReading(path))
      if (found === undefined) return undefined
      const { holders, kept } = opening
      const file: OpenFile = { key, ...found, holders, kept }
      if (kept) {
        this.#kept.set(key, file)
        this.#trim()
      }
      return file
    } finally {
      if (this.#opening.get(key) === opening) this.#opening.delete(key)
    }
  }

  #trim(): void {
    for (const file of this.#idle) {
      if (this.#kept.size <= this.#limit) break
      this.#discard(file)
    }
  }

  #discard(file: OpenFile): void {
    this.#kept.delete(file.key)
    file.kept = false
    if (this.#idle.delete(file)) closeQuietly(file.fd)
  }

  async #closeIdle(): Promise<void> {
    const files = [...this.#idle]
    this.#idle.clear()
    for (const file of files) {
      file.kept = false
      this.#kept.delete(file.key)
    }
    await Promise.allSettled(files.map((file) => closeDescriptor(file.fd)))
  }
}

async function openForReading(path: string): Promise<{ fd: number; size: number } | undefined> {
  let fd: number
  try {
    fd = await openDescriptor(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
  try {
    return { fd, size: await sizeOf(fd) }
  } catch (error) {
    closeQuietly(fd)
    throw error
  }
}

/** Nothing was written through it, so nothing can be lost. */
function closeQuietly(fd: number): void {
  void closeDescriptor(fd).catch(() => undefined)
}
