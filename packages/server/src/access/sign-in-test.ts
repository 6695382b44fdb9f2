/** Trying out a provider or directory: each step that was made, and what to do about those that failed. */

export type StepName =
  | 'discovery'
  | 'keys'
  | 'clock'
  | 'client'
  | 'redirect'
  | 'connect'
  | 'tls'
  | 'bind'
  | 'search'
  | 'user'

export type Step = {
  name: StepName
  /** The server asked, where there are several. */
  target: string | null
  state: 'passed' | 'failed' | 'skipped'
  message: string
  milliseconds: number
}

/** A step failed; the message says what to do. */
export class StepFailure extends Error {}

/** Collects steps. */
export class Steps {
  readonly taken: Step[] = []
  readonly #target: string | null
  readonly #deadline: number

  /** `timeMs`: how long all steps together may take. */
  constructor(target: string | null, timeMs: number) {
    this.#target = target
    this.#deadline = performance.now() + timeMs
  }

  get passed(): boolean {
    return this.taken.every(({ state }) => state !== 'failed')
  }

  /**
   * Makes a step: `work` answers what was found. Throws what it threw, after the step was noted as failed, with `advice`
   * behind the reason.
   */
  async take<T>(
    name: StepName,
    advice: string,
    work: () => Promise<{ message: string; value: T }>,
  ): Promise<T> {
    const started = performance.now()
    const note = (state: Step['state'], message: string) => {
      const milliseconds = Math.round(performance.now() - started)
      this.taken.push({ name, target: this.#target, state, message, milliseconds })
    }
    try {
      const { message, value } = await this.#inTime(work)
      note('passed', message)
      return value
    } catch (error) {
      note('failed', `${reasonOf(error)} ${advice}`)
      throw error
    }
  }

  skip(name: StepName, message: string): void {
    this.taken.push({ name, target: this.#target, state: 'skipped', message, milliseconds: 0 })
  }

  async #inTime<T>(work: () => Promise<T>): Promise<T> {
    const late = Promise.withResolvers<T>()
    const left = Math.max(0, this.#deadline - performance.now())
    const timer = setTimeout(
      () => late.reject(new StepFailure('There was no answer in time.')),
      left,
    )
    try {
      return await Promise.race([late.promise, work()])
    } finally {
      clearTimeout(timer)
    }
  }
}

/** The deepest reason there is, in one sentence, at most 300 characters. */
function reasonOf(error: unknown): string {
  let deepest = error
  for (let depth = 0; deepest instanceof Error && deepest.cause instanceof Error && depth < 5; ) {
    deepest = deepest.cause
    depth += 1
  }
  const text = deepest instanceof Error ? deepest.message.trim() : ''
  const sentence = text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 300)
  if (sentence === '') return 'It failed.'
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`
}
