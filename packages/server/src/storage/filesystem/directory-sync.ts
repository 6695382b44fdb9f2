import { syncEntries } from './descriptors.ts'
import type { Lanes } from './lanes.ts'

/** Makes the names in one directory durable; callers that arrive together share one fsync. */
export class DirectorySync {
  readonly #fd: number
  readonly #lanes: Lanes
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(fd: number, lanes: Lanes) {
    this.#fd = fd
    this.#lanes = lanes
  }

  /** Resolves when a sync that began after this call has ended; rejects with its system error. */
  sync(): Promise<void> {
    if (this.#running === undefined) return this.#start()
    // The one that runs may have begun before the caller's name was there, so it does not count.
    this.#next ??= this.#running.then(
      () => this.#start(),
      () => this.#start(),
    )
    return this.#next
  }

  #start(): Promise<void> {
    this.#next = undefined
    const running = this.#lanes
      .run(() => syncEntries(this.#fd))
      .finally(() => {
        if (this.#running === running) this.#running = undefined
      })
    this.#running = running
    return running
  }
}
