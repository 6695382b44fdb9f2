import { setTimeout as delay } from 'node:timers/promises'
import { BerthError } from '../errors.ts'
import type {
  ObjectReader,
  ObjectWriter,
  StorageDriver,
  StorageKey,
  StoredObject,
} from '../storage/driver.ts'

type StorageOperation =
  | 'create'
  | 'reopen'
  | 'open'
  | 'remove'
  | 'list'
  | 'space'
  | 'write'
  | 'flush'
  | 'rollback'
  | 'seal'
  | 'read'

type StorageFault = {
  operation: StorageOperation | 'any'
  effect:
    | { kind: 'fail'; error: 'storageFull' | 'unavailable' }
    /** The operation waits, then succeeds. */
    | { kind: 'delay'; milliseconds: number }
    /** A read returns at most so many bytes, as if the file had been truncated. */
    | { kind: 'shorten'; bytes: number }
    /** A read returns wrong bytes, as if the disk had rotted. */
    | { kind: 'corrupt' }
  /** Matching operations that pass before the fault strikes; 0 unless told. */
  after?: number
  /** How often it strikes; 1 unless told. */
  times?: number
}

type Strike = (operation: StorageOperation) => StorageFault['effect'] | undefined

/**
 * A real driver with a switch for faults, which behave as the filesystem's do: a failed write lasts until a
 * rollback, and a failed seal condemns the object, which is gone once its writer is closed.
 */
export class FaultyStorage implements StorageDriver {
  readonly #inner: StorageDriver
  #armed: { fault: StorageFault; passes: number; strikes: number }[] = []
  #operations = 0

  constructor(inner: StorageDriver) {
    this.#inner = inner
  }

  /** Operations begun so far, to aim an `any` fault by. */
  get operations(): number {
    return this.#operations
  }

  arm(fault: StorageFault): void {
    this.#armed.push({ fault, passes: fault.after ?? 0, strikes: fault.times ?? 1 })
  }

  /** Disarms every fault. What they broke stays broken. */
  heal(): void {
    this.#armed = []
  }

  async create(key: StorageKey): Promise<ObjectWriter> {
    await suffer(this.#strike('create'))
    return this.#writer(key, await this.#inner.create(key))
  }

  async reopen(key: StorageKey, offset: number): Promise<ObjectWriter | undefined> {
    await suffer(this.#strike('reopen'))
    const writer = await this.#inner.reopen(key, offset)
    return writer === undefined ? undefined : this.#writer(key, writer)
  }

  async open(key: StorageKey): Promise<ObjectReader | undefined> {
    await suffer(this.#strike('open'))
    const reader = await this.#inner.open(key)
    return reader === undefined
      ? undefined
      : new FaultyReader(reader, (operation) => this.#strike(operation))
  }

  async remove(key: StorageKey): Promise<boolean> {
    await suffer(this.#strike('remove'))
    return await this.#inner.remove(key)
  }

  async *list(after?: StorageKey): AsyncIterable<StoredObject> {
    await suffer(this.#strike('list'))
    yield* this.#inner.list(after)
  }

  async space(): Promise<{ free: number; total: number } | undefined> {
    await suffer(this.#strike('space'))
    return await this.#inner.space()
  }

  async close(): Promise<void> {
    await this.#inner.close()
  }

  #writer(key: StorageKey, writer: ObjectWriter): ObjectWriter {
    return new FaultyWriter(
      writer,
      (operation) => this.#strike(operation),
      () => this.#inner.remove(key),
    )
  }

  #strike(operation: StorageOperation): StorageFault['effect'] | undefined {
    this.#operations += 1
    for (const armed of this.#armed) {
      if (armed.fault.operation !== operation && armed.fault.operation !== 'any') continue
      if (armed.passes > 0) {
        armed.passes -= 1
      } else if (armed.strikes > 0) {
        armed.strikes -= 1
        return armed.fault.effect
      }
    }
    return undefined
  }
}

class FaultyWriter implements ObjectWriter {
  readonly #inner: ObjectWriter
  readonly #strike: Strike
  readonly #remove: () => Promise<boolean>
  #failure: BerthError | undefined
  #condemned = false
  #sealing: Promise<void> | undefined

  constructor(inner: ObjectWriter, strike: Strike, remove: () => Promise<boolean>) {
    this.#inner = inner
    this.#strike = strike
    this.#remove = remove
  }

  get offset(): number {
    return this.#inner.offset
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    const effect = this.#failure === undefined ? this.#strike('write') : undefined
    if (effect === undefined && this.#failure === undefined) return this.#inner.write(chunk)
    const written = this.#suffer(effect).then(() => this.#inner.write(chunk))
    written.catch(() => undefined)
    return written
  }

  async flush(): Promise<void> {
    await this.#suffer(this.#strike('flush'))
    await this.#inner.flush()
  }

  async rollback(offset: number): Promise<void> {
    if (this.#condemned && this.#failure !== undefined) throw this.#failure
    await suffer(this.#strike('rollback'))
    await this.#inner.rollback(offset)
    this.#failure = undefined
  }

  seal(): Promise<void> {
    const sealed = this.#seal()
    this.#sealing = sealed.catch(() => undefined)
    return sealed
  }

  async #seal(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    try {
      await this.#suffer(this.#strike('seal'))
    } catch (error) {
      this.#condemned = true
      throw error
    }
    await this.#inner.seal()
  }

  async close(): Promise<void> {
    await this.#sealing
    await this.#inner.close()
    if (!this.#condemned) return
    this.#condemned = false
    await this.#remove()
  }

  async #suffer(effect: StorageFault['effect'] | undefined): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    if (effect?.kind === 'fail') this.#failure = failureOf(effect.error)
    if (this.#failure !== undefined) throw this.#failure
    await suffer(effect)
  }
}

class FaultyReader implements ObjectReader {
  readonly #inner: ObjectReader
  readonly #strike: Strike
  #reading = 0
  #released = false

  constructor(inner: ObjectReader, strike: Strike) {
    this.#inner = inner
    this.#strike = strike
  }

  get size(): number {
    return this.#inner.size
  }

  async read(into: Buffer, position: number): Promise<number> {
    this.#reading += 1
    try {
      return await this.#read(into, position, this.#strike('read'))
    } finally {
      this.#reading -= 1
      if (this.#released && this.#reading === 0) this.#inner.release()
    }
  }

  release(): void {
    this.#released = true
    if (this.#reading === 0) this.#inner.release()
  }

  async #read(
    into: Buffer,
    position: number,
    effect: StorageFault['effect'] | undefined,
  ): Promise<number> {
    await suffer(effect)
    if (effect?.kind === 'shorten') {
      return await this.#inner.read(into.subarray(0, effect.bytes), position)
    }
    const count = await this.#inner.read(into, position)
    if (effect?.kind === 'corrupt' && count > 0) into.writeUInt8(into.readUInt8(0) ^ 1, 0)
    return count
  }
}

async function suffer(effect: StorageFault['effect'] | undefined): Promise<void> {
  if (effect?.kind === 'fail') throw failureOf(effect.error)
  if (effect?.kind === 'delay') await delay(effect.milliseconds)
}

function failureOf(kind: 'storageFull' | 'unavailable'): BerthError {
  return new BerthError(kind, 'A fault was armed for this storage operation.')
}
