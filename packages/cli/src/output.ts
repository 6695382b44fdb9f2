import { styleText } from 'node:util'
import type { TransferListener } from '@berth/client/transfer.ts'
import type { ExitName } from './exit-codes.ts'
import type { Terminal } from './terminal.ts'

export type OutputOptions = { readonly json: boolean; readonly quiet: boolean }
export type Style = Parameters<typeof styleText>[0]

/** What a command has found out, told in both ways. Fields of `json` are stable: they are only ever added to. */
export type Result = { readonly json: unknown; readonly text: string }

/**
 * What a command says. The result goes to standard output, once, as text or with `--json` as one document; everything
 * else (notes, warnings, progress, questions) goes to standard error, so that a pipe gets the result alone.
 */
export class Output {
  readonly terminal: Terminal
  readonly isJson: boolean
  readonly isQuiet: boolean
  #exit: ExitName = 'done'
  /** Writes above the bars while there are some. */
  #printAbove: ((text: string) => void) | undefined

  constructor(terminal: Terminal, { json, quiet }: OutputOptions) {
    this.terminal = terminal
    this.isJson = json
    this.isQuiet = quiet
  }

  /** The answer. With `--json` the document, else the text; nothing for an empty text. */
  result({ json, text }: Result): void {
    if (this.isJson) this.terminal.stdout.write(`${JSON.stringify(json, undefined, 2)}\n`)
    else if (text !== '') this.terminal.stdout.write(`${text}\n`)
  }

  /** One line of what is going on; none with `--quiet`. */
  note(text: string): void {
    if (!this.isQuiet) this.#print(text)
  }

  /** One line of what may go wrong, or went half wrong. */
  warn(text: string): void {
    this.#print(`${this.style('yellow', 'warning:', 'stderr')} ${text}`)
  }

  /** Coloured where the stream is a terminal that wants it (`NO_COLOR`, `FORCE_COLOR`, `TERM=dumb`), plain elsewhere. */
  style(style: Style, text: string, stream: 'stdout' | 'stderr' = 'stdout'): string {
    const target = this.terminal[stream]
    if (!this.hasColor(target)) return text
    return styleText(style, text, { validateStream: false })
  }

  /** Width of the terminal in columns; undefined in a pipe, where nothing is cut. */
  get columns(): number | undefined {
    const { stdout } = this.terminal
    return stdout.isTTY === true ? (stdout.columns ?? 80) : undefined
  }

  /** Whether a person can be asked: both ends are a terminal. */
  get isInteractive(): boolean {
    const { stdin, stderr } = this.terminal
    return stdin.isTTY === true && stderr.isTTY === true && !this.isJson
  }

  /**
   * Shows transfers while `work` runs: bars with rate and remaining time on a terminal, a line for each thing that is
   * done elsewhere, nothing with `--quiet`. Notes and warnings given meanwhile appear above them.
   */
  async withProgress<T>(
    work: (progress: { onTransfer: TransferListener; note: (text: string) => void }) => Promise<T>,
  ): Promise<T> {
    // Loaded here: most commands move nothing.
    const { openProgress } = await import('./progress.ts')
    const progress = openProgress(this.terminal.stderr, {
      isQuiet: this.isQuiet,
      style: (style, text) => this.style(style, text, 'stderr'),
      term: this.terminal.env.TERM,
    })
    this.#printAbove = progress.print
    try {
      return await work(progress)
    } finally {
      this.#printAbove = undefined
      progress.close()
    }
  }

  /** What the process is to end with, although nothing was thrown: a check that found a difference. */
  set exit(name: ExitName) {
    this.#exit = name
  }

  get exit(): ExitName {
    return this.#exit
  }

  #print(text: string): void {
    if (this.#printAbove === undefined) this.terminal.stderr.write(`${text}\n`)
    else this.#printAbove(text)
  }

  private hasColor(target: Terminal['stdout']): boolean {
    const { NO_COLOR, FORCE_COLOR, TERM } = this.terminal.env
    if (FORCE_COLOR !== undefined && FORCE_COLOR !== '' && FORCE_COLOR !== '0') return true
    if (NO_COLOR !== undefined && NO_COLOR !== '') return false
    return target.isTTY === true && TERM !== 'dumb'
  }
}
