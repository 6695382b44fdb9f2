/** Lets so many pieces of work go on at a time; the others wait, first come, first served. */
export class Gate {
  #free: number
  readonly #waiting: (() => void)[] = []
  #next = 0

  constructor(width: number) {
    this.#free = width
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free === 0) await new Promise<void>((resolve) => void this.#waiting.push(resolve))
    else this.#free -= 1
    try {
      return await work()
    } finally {
      this.#release()
    }
  }

  #release(): void {
    const next = this.#waiting[this.#next]
    if (next === undefined) {
      this.#free += 1
      return
    }
    this.#next += 1
    // Taking from the front of a long list each time would take as long as the list.
    if (this.#next > 1000) {
      this.#waiting.splice(0, this.#next)
      this.#next = 0
    }
    next()
  }
}

/** Works on all items, so many at a time. The first fault ends it: what has not begun by then never does. */
export async function forEachOf<T>(
  items: Iterable<T> | AsyncIterable<T>,
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>()
  let fault: { readonly error: unknown } | undefined
  for await (const item of items) {
    if (fault !== undefined) break
    const one: Promise<void> = work(item)
      .catch((error: unknown) => void (fault ??= { error }))
      .finally(() => running.delete(one))
    running.add(one)
    if (running.size >= width) await Promise.race(running)
  }
  await Promise.all(running)
  if (fault !== undefined) throw fault.error
}
