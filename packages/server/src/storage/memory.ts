import { BerthError } from '../errors.ts'
import type {
  ObjectReader,
  ObjectWriter,
  StorageDriver,
  StorageKey,
  StoredObject,
} from './driver.ts'
import { parseStorageKey } from './storage-key.ts'

/** Keeps objects in this process: for tests, and for trying Berth out. All is lost when it ends. */
export function openMemory(): StorageDriver {
  return new MemoryStorage()
}

/** The chunks of one object, in order; `starts` holds the position of each. */
class MemoryObject {
  readonly #chunks: Uint8Array[] = []
  readonly #starts: number[] = []
  size = 0
  modifiedAt = new Date()

  append(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return
    this.#chunks.push(chunk)
    this.#starts.push(this.size)
    this.size += chunk.byteLength
    this.modifiedAt = new Date()
  }

  truncate(size: number): void {
    while (this.size > size) {
      const chunk = this.#chunks.pop()
      this.size = this.#starts.pop() ?? 0
      if (chunk !== undefined && this.size < size) this.append(chunk.subarray(0, size - this.size))
    }
  }

  read(into: Uint8Array, position: number, end: number): number {
    let done = 0
    const wanted = Math.min(into.byteLength, end - position, this.size - position)
    let index = this.#chunkAt(position)
    while (done < wanted) {
      const chunk = this.#chunks[index]
      const start = this.#starts[index]
      if (chunk === undefined || start === undefined) break
      const from = position + done - start
      const piece = chunk.subarray(from, from + wanted - done)
      into.set(piece, done)
      done += piece.byteLength
      index += 1
    }
    return done
  }

  /** The index of the last chunk that starts at or before `position`. */
  #chunkAt(position: number): number {
    let low = 0
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((this.#starts[middle] ?? 0) <= position) low = middle
      else high = middle - 1
    }
    return low
  }
}

class MemoryStorage implements StorageDriver {
  readonly #objects = new Map<StorageKey, MemoryObject>()
  readonly #writers = new Map<StorageKey, ObjectWriter>()
  #closed = false

  async create(key: StorageKey): Promise<ObjectWriter> {
    this.#check(key)
    if (this.#objects.has(key)) {
      throw new BerthError('unavailable', 'The blob storage failed to begin an upload (EEXIST).')
    }
    const object = new MemoryObject()
    this.#objects.set(key, object)
    return this.#writer(key, object)
  }

  async reopen(key: StorageKey, offset: number): Promise<ObjectWriter | undefined> {
    this.#check(key)
    await this.#writers.get(key)?.close()
    const object = this.#objects.get(key)
    if (object === undefined || object.size < offset) return undefined
    object.truncate(offset)
    return this.#writer(key, object)
  }

  async open(key: StorageKey): Promise<ObjectReader | undefined> {
    this.#check(key)
    const object = this.#objects.get(key)
    return object === undefined ? undefined : new MemoryReader(object)
  }

  async remove(key: StorageKey): Promise<boolean> {
    this.#check(key)
    return this.#objects.delete(key)
  }

  async *list(after?: StorageKey): AsyncIterable<StoredObject> {
    for (const key of [...this.#objects.keys()].sort()) {
      if (after !== undefined && key <= after) continue
      const object = this.#objects.get(key)
      if (object !== undefined) yield { key, size: object.size, modifiedAt: object.modifiedAt }
    }
  }

  async space(): Promise<undefined> {
    return undefined
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#writers.values()].map((writer) => writer.close()))
    this.#objects.clear()
  }

  #check(key: StorageKey): void {
    parseStorageKey(key)
    if (!this.#closed) return
    throw new BerthError('unavailable', 'The blob storage is closed: the server is stopping.')
  }

  #writer(key: StorageKey, object: MemoryObject): ObjectWriter {
    const writer = new MemoryWriter(object, () => this.#writers.delete(key))
    this.#writers.set(key, writer)
    return writer
  }
}

class MemoryWriter implements ObjectWriter {
  readonly #object: MemoryObject
  readonly #onClose: () => void
  #closed = false

  constructor(object: MemoryObject, onClose: () => void) {
    this.#object = object
    this.#onClose = onClose
  }

  get offset(): number {
    return this.#object.size
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#closed) {
      const refused = this.flush()
      refused.catch(() => undefined)
      return refused
    }
    this.#object.append(chunk)
    return undefined
  }

  async flush(): Promise<void> {
    if (this.#closed) throw new Error('the writer is closed')
  }

  async rollback(offset: number): Promise<void> {
    await this.flush()
    if (offset < 0 || offset > this.offset) {
      throw new RangeError(`cannot roll back to ${offset}: the writer stands at ${this.offset}`)
    }
    this.#object.truncate(offset)
  }

  async seal(): Promise<void> {
    await this.flush()
    await this.close()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#onClose()
  }
}

class MemoryReader implements ObjectReader {
  readonly #object: MemoryObject
  readonly size: number
  #released = false

  constructor(object: MemoryObject) {
    this.#object = object
    this.size = object.size
  }

  async read(into: Buffer, position: number): Promise<number> {
    if (this.#released) throw new Error('the reader was released')
    return this.#object.read(into, position, this.size)
  }

  release(): void {
    this.#released = true
  }
}
