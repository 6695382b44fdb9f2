import { formatBytes, formatDuration } from '../format.ts'
import { cutText, formatBars } from './bar-line.ts'
import { Block } from './block.ts'
import type { Clock } from './clock.ts'
import type { ProgressStream, ProgressView, Styler } from './progress-view.ts'
import { Transfers } from './transfers.ts'

const redrawMs = 100

/** Bars for what runs and a line for all, drawn at most ten times a second; one line of it stays in the end. */
export function openBars(stream: ProgressStream, style: Styler, clock: Clock): ProgressView {
  const transfers = new Transfers()
  const block = new Block(stream)
  const openedAt = clock.now()
  const columns = (): number => stream.columns || 80
  const draw = (): void => {
    if (transfers.ended === 0 && transfers.running.size === 0) return
    const screen = { columns: columns(), rows: stream.rows || 24 }
    block.draw(formatBars(transfers, screen, clock.now(), style), screen.columns)
  }
  const stop = clock.every(redrawMs, draw)
  const print = (text: string): void => {
    block.printAbove(text)
  }
  let isOpen = true
  return {
    onTransfer: (event) => {
      const ended = transfers.note(event, clock.now())
      if (ended !== undefined && !ended.isDone) {
        print(`${ended.transfer.label}: ${style('red', 'failed:')} ${ended.outcome}`)
      }
    },
    note: print,
    print,
    close: () => {
      if (!isOpen) return
      isOpen = false
      stop()
      block.close()
      if (transfers.ended === 0) return
      const { bytes } = transfers.sums()
      const time = formatDuration(clock.now() - openedAt)
      const line = `${formatBytes(bytes)} in ${time}: ${transfers.summary()}`
      stream.write(`${cutText(line, Math.max(10, columns() - 1))}\n`)
    },
  }
}
