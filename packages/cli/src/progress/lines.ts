import { formatBytes, formatDuration } from '../format.ts'
import { formatDone } from './bar-line.ts'
import type { Clock } from './clock.ts'
import type { ProgressStream, ProgressView } from './progress-view.ts'
import { Transfers } from './transfers.ts'

const everyMs = 30_000
const namedMax = 5

/** For a pipe or a log: a line for each transfer that has ended, and every half minute one for what still runs. */
export function openLines(stream: ProgressStream, clock: Clock): ProgressView {
  const transfers = new Transfers()
  const print = (text: string): void => void stream.write(`${text}\n`)
  const stop = clock.every(everyMs, () => {
    const running = [...transfers.running.values()]
    if (running.length === 0) return
    const named = running
      .slice(0, namedMax)
      .map(({ label, bytes, total }) => `${label} ${formatDone(bytes, total)}`)
    const more = running.length - named.length
    print(`still running: ${named.join(', ')}${more > 0 ? `, and ${more} more` : ''}`)
  })
  return {
    onTransfer: (event) => {
      const ended = transfers.note(event, clock.now())
      if (ended === undefined) return
      const { transfer, isDone, outcome } = ended
      const size = formatBytes(transfer.total ?? transfer.bytes)
      const time = formatDuration(clock.now() - transfer.startedAt)
      print(
        isDone
          ? `${transfer.label}: ${outcome}, ${size} in ${time}`
          : `${transfer.label}: failed: ${outcome}`,
      )
    },
    note: print,
    print,
    close: stop,
  }
}
