import type { BerthError } from '../../errors.ts'
import type { ObjectWriter } from '../driver.ts'
import { storageFailure } from '../storage-failure.ts'
import { BackgroundSync, type SyncShare } from './background-sync.ts'
import { Gather } from './gather.ts'
import type { GrowingFile } from './growing-file.ts'
import type { Lanes } from './lanes.ts'
import type { BudgetedWriter, WriteBudget } from './write-budget.ts'
import { type WriteAct, WritesInFlight } from './writes-in-flight.ts'

/** What all writers of one store share. */
export type WriterShare = SyncShare & {
  budget: WriteBudget
  writes: Lanes
}

/** The one file that a writer appends to. */
type WriterTarget = {
  file: GrowingFile
  offset: number
  syncDirectory(): Promise<void>
  onClose(): void
}

const writesInFlight = 4
/** The kernel takes at most 1024 pieces in one writev. */
const chunksPerWrite = 1024

/**
 * Appends to a file by gathered positional writes, several in flight. What it leaves in the page cache it syncs in the
 * background as it goes, so that sealing has little left to do whatever the size of the object.
 *
 * A failed write is cleared by a rollback to or below the first byte that did not arrive. A failed sync is not:
 * the kernel may have dropped the pages and would report success the next time (see fsync(2), EIO).
 * It condemns the object: nothing but `close` works from then on, and that deletes the file.
 */
export class FilesystemWriter implements ObjectWriter {
  readonly #share: WriterShare
  readonly #target: WriterTarget
  /** End of the accepted bytes. */
  #offset: number
  /** End of the bytes handed to the kernel; the gathered ones follow. */
  #handedOver: number
  readonly #gather = new Gather()
  readonly #inFlight: WritesInFlight
  readonly #syncing: BackgroundSync
  #room: PromiseWithResolvers<void> | undefined
  #failure: BerthError | undefined
  /** Bytes from here on may be missing. */
  #failedAt = Number.POSITIVE_INFINITY
  #condemned = false
  #closed = false
  /** The last of the acts that use the file by themselves: they take turns. */
  #turn: Promise<unknown> = Promise.resolve()
  readonly #budgeted: BudgetedWriter = {
    writeOut: () => this.#writeOut(true),
    relieve: () => this.#relieve(),
  }

  constructor(share: WriterShare, target: WriterTarget) {
    this.#share = share
    this.#target = target
    this.#offset = target.offset
    this.#handedOver = target.offset
    this.#syncing = new BackgroundSync(share, {
      sync: () => target.file.sync(),
      onFailure: (error) => this.#condemn(error),
      onEnd: () => this.#relieve(),
    })
    this.#inFlight = new WritesInFlight(share, target.file, {
      onCached: (bytes) => this.#syncing.count(bytes),
      onFailure: (error, position) => this.#fail(storageFailure('write', error), position),
      onEnd: () => this.#relieve(),
    })
  }

  get offset(): number {
    return this.#offset
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    const refusal = this.#refusal()
    if (refusal !== undefined) return unheeded(Promise.reject(refusal))
    if (chunk.byteLength === 0) return undefined
    this.#offset += chunk.byteLength
    this.#share.budget.gather(this.#budgeted, this.#gather.push(chunk))
    if (this.#isGatherFull() && !this.#isSaturated()) this.#writeOut(false)
    return this.#mustWait() ? this.#waitForRoom() : undefined
  }

  async flush(): Promise<void> {
    this.#writeOut(true)
    await this.#inFlight.settled()
    const refusal = this.#refusal()
    if (refusal !== undefined) throw refusal
  }

  rollback(offset: number): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#closed) throw closedError()
      if (offset < 0 || offset > this.#offset) {
        throw new RangeError(`cannot roll back to ${offset}: the writer stands at ${this.#offset}`)
      }
      if (offset > this.#handedOver) this.#writeOut(true)
      else this.#dropGathered()
      await this.#settled()
      if (this.#failure !== undefined && (this.#condemned || offset > this.#failedAt)) {
        throw this.#failure
      }
      try {
        await this.#target.file.truncate(offset)
      } catch (error) {
        throw this.#fail(storageFailure('drop bytes', error), 0)
      }
      this.#offset = offset
      this.#handedOver = offset
      this.#failure = undefined
      this.#failedAt = Number.POSITIVE_INFINITY
    })
  }

  seal(): Promise<void> {
    return this.#inTurn(async () => {
      await this.flush()
      // Each failure is told once: to this sync or to the one in the background.
      await this.#syncing.settled()
      if (this.#failure !== undefined) throw this.#failure
      try {
        await this.#share.syncs.run(() => this.#target.file.sync())
        await this.#target.syncDirectory()
      } catch (error) {
        throw this.#condemn(error)
      }
      await this.#release()
    })
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#closed) return
      this.#writeOut(true)
      await this.#settled()
      await this.#dropDoubtful()
      await this.#release()
    })
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(act)
    this.#turn = result.catch(() => undefined)
    return result
  }

  #refusal(): Error | undefined {
    return this.#closed ? closedError() : this.#failure
  }

  #isGatherFull(): boolean {
    return (
      this.#gather.bytes >= this.#share.budget.gatherSize || this.#gather.count >= chunksPerWrite
    )
  }

  /** The disk has enough to do for this writer. */
  #isSaturated(): boolean {
    return this.#inFlight.count >= writesInFlight || this.#syncing.lags
  }

  #mustWait(): boolean {
    return this.#share.budget.exceeded || (this.#isGatherFull() && this.#isSaturated())
  }

  #waitForRoom(): Promise<void> {
    if (this.#room === undefined) {
      this.#room = Promise.withResolvers<void>()
      void unheeded(this.#room.promise)
    }
    if (this.#share.budget.exceeded) this.#share.budget.waitForRoom(this.#budgeted)
    return this.#room.promise
  }

  #relieve(): void {
    if (this.#isGatherFull() && !this.#isSaturated()) this.#writeOut(false)
    if (this.#room === undefined) return
    if (this.#mustWait()) {
      void this.#waitForRoom()
      return
    }
    this.#room.resolve()
    this.#room = undefined
  }

  /** Hands over what is gathered, even to a saturated disk: `all` of it, or what makes good writes. */
  #writeOut(all: boolean): void {
    if (this.#gather.bytes === 0) return
    const acts: WriteAct[] = []
    let cost = 0
    for (const { bytes, direct } of this.#target.file.divide(this.#handedOver, this.#offset, all)) {
      const taken = this.#gather.take(bytes)
      acts.push({ ...taken, position: this.#handedOver, direct })
      this.#handedOver += bytes
      cost += taken.cost
    }
    this.#share.budget.ungather(this.#budgeted, cost, this.#gather.bytes > 0)
    this.#inFlight.start(acts)
  }

  #dropGathered(): void {
    this.#offset = this.#handedOver
    if (this.#gather.bytes === 0) return
    const { cost } = this.#gather.take(this.#gather.bytes)
    this.#share.budget.ungather(this.#budgeted, cost, false)
    this.#share.budget.release(cost)
  }

  #fail(failure: BerthError, position: number): BerthError {
    this.#failure ??= failure
    this.#failedAt = Math.min(this.#failedAt, position)
    this.#dropGathered()
    this.#room?.reject(this.#failure)
    this.#room = undefined
    return this.#failure
  }

  #condemn(error: unknown): BerthError {
    this.#condemned = true
    return this.#fail(storageFailure('make an upload durable', error), 0)
  }

  /** Resolves when nothing uses the file any more. */
  async #settled(): Promise<void> {
    await this.#inFlight.settled()
    await this.#syncing.settled()
  }

  /** Leaves no byte behind that a later `reopen` could take for stored. */
  async #dropDoubtful(): Promise<void> {
    if (this.#failure === undefined) return
    try {
      if (this.#condemned) await this.#target.file.unlink()
      else await this.#target.file.truncate(this.#failedAt)
    } catch {
      // The disk is failing: its first error was reported already and says more than this one.
    }
  }

  async #release(): Promise<void> {
    this.#closed = true
    try {
      await this.#target.file.close()
    } catch (error) {
      throw storageFailure('close an upload', error)
    } finally {
      this.#target.onClose()
    }
  }
}

/** A caller whose client went away never looks at its promise again: that must not end the process. */
function unheeded(promise: Promise<void>): Promise<void> {
  promise.catch(() => undefined)
  return promise
}

function closedError(): Error {
  return new Error('the writer is closed')
}
