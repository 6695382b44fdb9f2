import { openBars } from './progress/bars.ts'
import { type Clock, systemClock } from './progress/clock.ts'
import { openLines } from './progress/lines.ts'
import type { ProgressStream, ProgressView, Styler } from './progress/progress-view.ts'

export type ProgressOptions = {
  readonly isQuiet: boolean
  readonly style: Styler
  /** `TERM` of the environment; a `dumb` one gets lines and no bars. */
  readonly term?: string | undefined
  readonly clock?: Clock | undefined
}

/** Shows transfers on a stream: bars on a terminal, a line for each thing that is done elsewhere, nothing when quiet. */
export function openProgress(stream: ProgressStream, options: ProgressOptions): ProgressView {
  const clock = options.clock ?? systemClock
  if (options.isQuiet) {
    return {
      onTransfer: () => {},
      note: () => {},
      print: (text) => void stream.write(`${text}\n`),
      close: () => {},
    }
  }
  return stream.isTTY === true && options.term !== 'dumb'
    ? openBars(stream, options.style, clock)
    : openLines(stream, clock)
}
