/** Runs at most so many pieces of work at a time, the others in the order in which they came. */
export class Limited {
  readonly #waiting: (() => void)[] = []
  #free: number

  constructor(atOnce: number) {
    this.#free = atOnce
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      // The place is handed over, so nobody who comes now can take it.
      if (next === undefined) this.#free += 1
      else next()
    }
  }
}

/** Waits for all of them, also after one has failed, and then throws what failed first. */
export async function allSettled(work: readonly Promise<unknown>[]): Promise<void> {
  const failed: unknown[] = []
  await Promise.all(work.map((each) => each.catch((error: unknown) => failed.push(error))))
  if (failed.length > 0) throw failed[0]
}
