import type { Gathered } from './gather.ts'
import type { GrowingFile } from './growing-file.ts'
import type { Lanes } from './lanes.ts'
import type { WriteBudget } from './write-budget.ts'

/** A write to be done; `direct` past the page cache. Its cost is held in the budget until it is done or copied. */
export type WriteAct = Gathered & { position: number; direct: boolean }

/** The writes of one file that are on their way to the kernel, in any order. */
export class WritesInFlight {
  readonly #lanes: Lanes
  readonly #budget: WriteBudget
  readonly #file: GrowingFile
  readonly #onCached: (bytes: number) => void
  readonly #onFailure: (error: unknown, position: number) => void
  readonly #onEnd: () => void
  #count = 0
  #idle: PromiseWithResolvers<void> | undefined

  constructor(
    share: { writes: Lanes; budget: WriteBudget },
    file: GrowingFile,
    acts: {
      /** So many bytes were left in the page cache. */
      onCached(bytes: number): void
      onFailure(error: unknown, position: number): void
      onEnd(): void
    },
  ) {
    this.#lanes = share.writes
    this.#budget = share.budget
    this.#file = file
    this.#onCached = acts.onCached
    this.#onFailure = acts.onFailure
    this.#onEnd = acts.onEnd
  }

  get count(): number {
    return this.#count
  }

  start(acts: WriteAct[]): void {
    this.#count += acts.length
    for (const act of acts) void this.#run(act)
  }

  /** Resolves when no write is in flight. */
  async settled(): Promise<void> {
    if (this.#count === 0) return
    this.#idle ??= Promise.withResolvers<void>()
    await this.#idle.promise
  }

  async #run(act: WriteAct): Promise<void> {
    let held = act.cost
    const letGo = () => {
      const cost = held
      held = 0
      this.#budget.release(cost)
    }
    try {
      const isPast = await this.#lanes.run(() => this.#write(act, letGo))
      if (!isPast) this.#onCached(act.bytes)
    } catch (error) {
      this.#onFailure(error, act.position)
    }
    this.#count -= 1
    if (this.#count === 0) {
      this.#idle?.resolve()
      this.#idle = undefined
    }
    this.#onEnd()
    letGo()
  }

  /** Whether the bytes went past the page cache. */
  async #write(act: WriteAct, onCopied: () => void): Promise<boolean> {
    const { chunks, position } = act
    if (act.direct) return await this.#file.writeDirect(chunks, position, onCopied)
    await this.#file.write(chunks, position)
    return false
  }
}
