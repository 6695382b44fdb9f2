import type { Lanes } from './lanes.ts'

/** What all background syncs of a store share. */
export type SyncShare = {
  syncs: Lanes
  /** Narrower than `syncs`, so that those which somebody waits for find a free lane. */
  backgroundSyncs: Lanes
  /** Bytes in the page cache after which a background sync starts. */
  syncEvery: number
}

/** Syncs a file as it grows, one sync at a time, so that the last one has little left to do. */
export class BackgroundSync {
  readonly #share: SyncShare
  readonly #sync: () => Promise<void>
  readonly #onFailure: (error: unknown) => void
  readonly #onEnd: () => void
  #unsynced = 0
  #running: Promise<void> | undefined

  constructor(
    share: SyncShare,
    acts: { sync(): Promise<void>; onFailure(error: unknown): void; onEnd(): void },
  ) {
    this.#share = share
    this.#sync = acts.sync
    this.#onFailure = acts.onFailure
    this.#onEnd = acts.onEnd
  }

  /** More was written than the disk keeps up with. */
  get lags(): boolean {
    return this.#running !== undefined && this.#unsynced >= this.#share.syncEvery
  }

  /** So many more bytes are in the page cache. */
  count(bytes: number): void {
    this.#unsynced += bytes
    this.#startIfDue()
  }

  /** Resolves when no sync runs. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  #startIfDue(): void {
    if (this.#running !== undefined || this.#unsynced < this.#share.syncEvery) return
    this.#unsynced = 0
    this.#running = this.#run()
  }

  async #run(): Promise<void> {
    const { backgroundSyncs, syncs } = this.#share
    try {
      await backgroundSyncs.run(() => syncs.run(this.#sync))
    } catch (error) {
      this.#onFailure(error)
    }
    this.#running = undefined
    this.#startIfDue()
    this.#onEnd()
  }
}
