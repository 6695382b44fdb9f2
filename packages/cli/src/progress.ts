import type { TransferListener } from '@berth/client/transfer.ts'
import { openBars } from './progress/bars.ts'
import { type Clock, systemClock } from './progress/clock.ts'
import type { Style } from './output.ts'
import { openLines } from './progress/lines.ts'
import type { Terminal } from './terminal.ts'

export type ProgressOptions = {
  readonly isQuiet: boolean
  readonly style: (style: Style, text: string) => string
  /** `TERM` of the environment; a `dumb` one gets lines and no bars. */
  readonly term?: string | undefined
  readonly clock?: Clock | undefined
}

export type Progress = {
  readonly onTransfer: TransferListener
  /** A line of text that does not disturb the bars; none when quiet. */
  readonly note: (text: string) => void
  /** Like `note`, and said even when quiet: warnings. */
  readonly print: (text: string) => void
  /** Draws the last state and lets the terminal go. */
  readonly close: () => void
}

/** A stream that may be a terminal, as `process.stderr` is. */
export type ProgressStream = Terminal['stderr'] & { readonly rows?: number | undefined }

/** Shows transfers on a stream: bars on a terminal, a line for each thing that is done elsewhere, nothing when quiet. */
export function openProgress(stream: ProgressStream, options: ProgressOptions): Progress {
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
