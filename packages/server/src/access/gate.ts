import { BerthError } from '../errors.ts'

/** Lets a few tasks run at once and a bounded number wait, in order; throws `rateLimited` beyond that. */
export class Gate {
  readonly #limits: { running: number; waiting: number; refusal: string }
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(limits: { running: number; waiting: number; refusal: string }) {
    this.#limits = limits
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running < this.#limits.running) {
      this.#running += 1
    } else {
      if (this.#waiting.length >= this.#limits.waiting) {
        throw new BerthError('rateLimited', this.#limits.refusal)
      }
      // Whoever finishes hands its place over, so the number running stays as it is.
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    try {
      return await task()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running -= 1
    }
  }
}
