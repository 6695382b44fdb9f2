export type LogLevel = 'info' | 'warning' | 'error'

/** A line that waits to be written. */
export type LogLine = {
  /** ISO 8601. */
  readonly at: string
  readonly level: LogLevel
  readonly text: string
}

/** Lines kept of one job. */
export const logLinesKept = 500
const charactersMax = 500

/** What a job says while it runs, until it is written with the next sign of life. Costs the job nothing but memory. */
export class JobLog {
  readonly #now: () => number
  #lines: LogLine[] = []

  constructor(now: () => number) {
    this.#now = now
  }

  /** One line, cut to 500 characters. Beyond 500 lines that wait, the oldest is lost. */
  say(text: string, level: LogLevel = 'info'): void {
    const line = text.replaceAll(/\p{Cc}+/gu, ' ').trim()
    if (line === '') return
    if (this.#lines.length >= logLinesKept) this.#lines.shift()
    this.#lines.push({
      at: new Date(this.#now()).toISOString(),
      level,
      text: line.length > charactersMax ? `${line.slice(0, charactersMax - 1)}…` : line,
    })
  }

  /** Hands the lines that wait to `write`; they go on waiting when it fails. */
  async flush<T>(write: (lines: readonly LogLine[]) => Promise<T>): Promise<T> {
    const lines = this.#lines
    this.#lines = []
    try {
      return await write(lines)
    } catch (error) {
      this.#lines = [...lines, ...this.#lines].slice(-logLinesKept)
      throw error
    }
  }
}
