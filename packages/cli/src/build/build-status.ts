import type { Output } from '../output.ts'
import { formatDuration } from '../format.ts'
import { Block } from '../progress/block.ts'
import stringWidth from 'string-width'
import { BuildSteps } from './build-steps.ts'

type Line = { readonly name: string; readonly startedAt: number; readonly steps: BuildSteps }

const redrawMs = 200

/**
 * What is being built: on a terminal a line for each service that is under way, with its step and time; elsewhere a line
 * when one begins and one when it ends.
 */
export class BuildStatus {
  readonly #output: Output
  readonly #block: Block | undefined
  readonly #lines = new Map<string, Line>()
  readonly #timer: NodeJS.Timeout | undefined

  constructor(output: Output) {
    this.#output = output
    const { stderr, env } = output.terminal
    const isDrawn = stderr.isTTY === true && env.TERM !== 'dumb' && !output.isQuiet
    this.#block = isDrawn ? new Block(stderr) : undefined
    this.#timer = isDrawn ? setInterval(() => this.#draw(), redrawMs) : undefined
  }

  start(name: string, text: string): void {
    this.#lines.set(name, { name, startedAt: performance.now(), steps: new BuildSteps() })
    if (this.#block === undefined) this.#output.note(`${name}: ${text}`)
    else this.#draw()
  }

  /** A line that the builder printed. */
  line(name: string, text: string): void {
    this.#lines.get(name)?.steps.note(text)
  }

  end(name: string, text: string): void {
    this.#lines.delete(name)
    this.note(`${name}: ${text}`)
    this.#draw()
  }

  /** A line that stays. */
  note(text: string): void {
    if (this.#block === undefined) this.#output.note(text)
    else this.#block.printAbove(text)
  }

  close(): void {
    clearInterval(this.#timer)
    this.#block?.close()
  }

  #draw(): void {
    const columns = this.#output.terminal.stderr.columns ?? 80
    const width = Math.max(0, ...[...this.#lines.keys()].map((name) => name.length))
    const lines = [...this.#lines.values()].map(({ name, startedAt, steps }) => {
      const { current } = steps
      const at =
        current === undefined ? 'starting' : `${current.number}/${current.of} ${current.text}`
      const time = formatDuration(performance.now() - startedAt)
      // Commands in a Dockerfile may hold anything.
      const text = `${name.padEnd(width)}  ${time.padStart(8)}  ${at.replace(/\p{C}/gu, ' ')}`
      return sliceToWidth(text, Math.max(1, columns - 1))
    })
    this.#block?.draw(lines, columns)
  }
}

/** The beginning of the text, as far as it fits. */
function sliceToWidth(text: string, columns: number): string {
  let [width, end] = [0, 0]
  for (const { segment, index } of new Intl.Segmenter().segment(text)) {
    width += stringWidth(segment)
    if (width > columns) break
    end = index + segment.length
  }
  return text.slice(0, end)
}
