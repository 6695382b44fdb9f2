/** The time and a beat, given from outside so that a test can turn the hands itself. */
export type Clock = {
  /** Milliseconds since some moment; never goes back. */
  readonly now: () => number
  /** Calls `run` every so many milliseconds until the function that it gives is called. Keeps no process alive. */
  readonly every: (ms: number, run: () => void) => () => void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  every: (ms, run) => {
    const timer = setInterval(run, ms).unref()
    return () => {
      clearInterval(timer)
    }
  },
}
