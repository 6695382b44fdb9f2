const waitingMax = 64

/** Under one key: how many are under way, and who waits for one of them to end. */
type Flight = { running: number; waiting: (() => void)[] }

/**
 * Counts, in this process, the guesses that are being checked. A guess stands under several keys at once, in the order in
 * which it came; the first under all its keys never has to wait, so somebody always gets on.
 */
export class GuessesUnderWay {
  readonly #flights = new Map<string, Flight>()
  #waiting = 0

  /** One more under each key; answers how many were there before. */
  take(keys: readonly string[]): number[] {
    return keys.map((key) => {
      const flight = this.#flights.get(key) ?? { running: 0, waiting: [] }
      this.#flights.set(key, flight)
      flight.running += 1
      return flight.running - 1
    })
  }

  /** The guess was checked: those who wait look again. */
  finish(keys: readonly string[]): void {
    this.pause(keys)
    for (const key of keys) this.#wake(key)
  }

  /**
   * The guess is not checked after all. Those who wait are left to whoever is still under way: a thousand refusals must
   * not wake everybody a thousand times.
   */
  abandon(keys: readonly string[]): void {
    this.pause(keys)
    this.#wakeStranded(keys)
  }

  /** The guess gives its places up and will wait. Whoever waited for it is woken when it is finished or abandoned. */
  pause(keys: readonly string[]): void {
    for (const key of keys) {
      const flight = this.#flights.get(key)
      if (!flight) continue
      flight.running -= 1
      if (flight.running === 0 && flight.waiting.length === 0) this.#flights.delete(key)
    }
  }

  /**
   * Resolves when a guess under one of the keys is done, at once when none is under way any more. `false` when too many
   * wait already: that abandons it.
   */
  async waitForOne(keys: readonly string[]): Promise<boolean> {
    const flights = keys
      .flatMap((key) => this.#flights.get(key) ?? [])
      .filter(({ running }) => running > 0)
    if (flights.length === 0) return true
    if (this.#waiting >= waitingMax) {
      this.#wakeStranded(keys)
      return false
    }
    this.#waiting += 1
    await new Promise<void>((resolve) => {
      for (const flight of flights) flight.waiting.push(resolve)
    })
    this.#waiting -= 1
    return true
  }

  #wakeStranded(keys: readonly string[]): void {
    for (const key of keys) {
      if (this.#flights.get(key)?.running === 0) this.#wake(key)
    }
  }

  #wake(key: string): void {
    const flight = this.#flights.get(key)
    if (!flight) return
    for (const wake of flight.waiting.splice(0)) wake()
    if (flight.running === 0) this.#flights.delete(key)
  }
}
