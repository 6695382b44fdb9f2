import stringWidth from 'string-width'
import type { ProgressStream } from './progress-view.ts'

const escape = '\u001b['
const hideCursor = `${escape}?25l`
const showCursor = `${escape}?25h`
const clearLine = `${escape}K`

/**
 * Some lines at the lower end of a terminal that are drawn anew in place. The cursor rests in the first column of the
 * line below them. Each drawing is one write, and holds only lines that have changed.
 */
export class Block {
  readonly #stream: ProgressStream
  #lines: readonly string[] = []
  #columns = 0
  #isCursorHidden = false
  readonly #restore = (): void => {
    if (this.#isCursorHidden) this.#stream.write(showCursor)
  }

  constructor(stream: ProgressStream) {
    this.#stream = stream
    // A second Ctrl-C ends the process at once: the cursor has to come back all the same.
    process.once('exit', this.#restore)
  }

  draw(lines: readonly string[], columns: number): void {
    if (columns !== this.#columns && this.#lines.length > 0) return this.#drawAll(lines, columns)
    if (lines.length < this.#lines.length) return this.#drawAll(lines, columns)
    const before = this.#lines
    const height = before.length
    let text = ''
    for (const [at, line] of lines.entries()) {
      if (at >= height) text += `${line}${clearLine}\n`
      else if (line !== before[at]) {
        text += `${escape}${height - at}A\r${line}${clearLine}${escape}${height - at}B\r`
      }
    }
    this.#remember(lines, columns)
    if (text !== '') this.#write(text)
  }

  /** Puts text above the lines, for good. */
  printAbove(text: string): void {
    this.#drawAll(this.#lines, this.#columns, text.split('\n'))
  }

  /** Takes the lines away and shows the cursor again. */
  close(): void {
    process.off('exit', this.#restore)
    this.#drawAll([], this.#columns)
    if (this.#isCursorHidden) this.#stream.write(showCursor)
    this.#isCursorHidden = false
  }

  /**
   * Line by line, and never "clear to the end of the screen": tmux takes that, from the top of the screen on, for the
   * wish to keep what was there.
   */
  #drawAll(lines: readonly string[], columns: number, above: readonly string[] = []): void {
    const height = this.#heightAt(columns)
    const rows = [...above, ...lines]
    const left = Math.max(0, height - rows.length)
    const text = [
      height === 0 ? '' : `${escape}${height}A\r`,
      ...rows.map((line) => `${line}${clearLine}\n`),
      `${clearLine}\n`.repeat(left),
      left === 0 ? '' : `${escape}${left}A\r`,
    ].join('')
    this.#remember(lines, columns)
    if (text !== '') this.#write(text)
  }

  /** A terminal that became narrower has broken the lines that no longer fit. */
  #heightAt(columns: number): number {
    if (columns === 0 || columns >= this.#columns) return this.#lines.length
    return this.#lines.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(stringWidth(line) / columns)),
      0,
    )
  }

  #remember(lines: readonly string[], columns: number): void {
    this.#lines = lines
    this.#columns = columns
  }

  #write(text: string): void {
    const isFirst = !this.#isCursorHidden && this.#lines.length > 0
    if (isFirst) this.#isCursorHidden = true
    this.#stream.write(isFirst ? `${hideCursor}${text}` : text)
  }
}
