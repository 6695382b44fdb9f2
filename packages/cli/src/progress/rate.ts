const windowMs = 3000
const apartMs = 100

/** How fast a number grows, over the last three seconds. */
export class Rate {
  readonly #samples: { at: number; value: number }[] = []

  /** Notes the number at a moment. Falling back to less begins anew. */
  note(value: number, at: number): void {
    const last = this.#samples.at(-1)
    if (last !== undefined && value < last.value) this.#samples.length = 0
    const before = this.#samples.at(-2)
    if (last !== undefined && before !== undefined && at - before.at < apartMs) {
      last.value = value
      last.at = at
    } else this.#samples.push({ at, value })
    this.#forget(at)
  }

  /** By how much it grows in a second; `undefined` before there is enough to tell. */
  perSecond(now: number): number | undefined {
    this.#forget(now)
    const [first] = this.#samples
    const last = this.#samples.at(-1)
    if (first === undefined || last === undefined || now - first.at < 2 * apartMs) return undefined
    return ((last.value - first.value) * 1000) / (now - first.at)
  }

  /** The newest sample that is out of the window stays: it says where the window began. */
  #forget(now: number): void {
    while (this.#samples.length > 1 && (this.#samples[1]?.at ?? now) <= now - windowMs) {
      this.#samples.shift()
    }
  }
}
