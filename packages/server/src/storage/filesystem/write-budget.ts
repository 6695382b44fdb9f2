/** What the budget asks of a writer that holds bytes. */
export type BudgetedWriter = {
  /** Hands the gathered bytes to the disk now, however few. */
  writeOut(): void
  /** There may be room again. */
  relieve(): void
}

const smallestGather = 64 * 1024
const largestGather = 1024 * 1024

/**
 * Bounds the bytes that all writers of a store hold in memory together: gathered, or on their way to the disk.
 * Many writers get small gathers, few get large ones. A client that sends half a gather and falls silent
 * does not keep its memory: when the budget is exceeded the oldest gathers are written out.
 */
export class WriteBudget {
  readonly #limit: number
  #gathered = 0
  #held = 0
  /** In the order in which they began to gather. */
  readonly #gathering = new Set<BudgetedWriter>()
  readonly #waiting = new Set<BudgetedWriter>()

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Bytes after which a writer should write out. */
  get gatherSize(): number {
    const share = this.#limit / (4 * Math.max(1, this.#gathering.size))
    return Math.min(largestGather, Math.max(smallestGather, share))
  }

  get exceeded(): boolean {
    return this.#held > this.#limit
  }

  /** `writer` has gathered `bytes` more. */
  gather(writer: BudgetedWriter, bytes: number): void {
    this.#gathered += bytes
    this.#held += bytes
    this.#gathering.add(writer)
    if (!this.exceeded) return
    // Down to half, so that whatever still exceeds the budget is on its way to the disk and will come free.
    for (const oldest of this.#gathering) {
      if (this.#gathered <= this.#limit / 2) break
      oldest.writeOut()
    }
  }

  /** `writer` has sent `bytes` of its gather on their way to the disk, still held; `more` when some remain. */
  ungather(writer: BudgetedWriter, bytes: number, more: boolean): void {
    this.#gathered -= bytes
    this.#gathering.delete(writer)
    if (more) this.#gathering.add(writer)
  }

  /** `bytes` that are no longer gathered have left memory. */
  release(bytes: number): void {
    this.#held -= bytes
    if (this.exceeded || this.#waiting.size === 0) return
    const woken = [...this.#waiting]
    this.#waiting.clear()
    for (const writer of woken) writer.relieve()
  }

  /** Calls `writer.relieve` once, when the budget is no longer exceeded. */
  waitForRoom(writer: BudgetedWriter): void {
    this.#waiting.add(writer)
  }
}
