/**
 * Lets a bounded number of acts run at once, the others in the order of their arrival.
 * Writes and syncs go through lanes because a slow disk would otherwise hold every thread
 * of Node's pool, and with them the reads of every pull.
 */
export class Lanes {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  async run<T>(act: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await act()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free += 1
      else next()
    }
  }
}
