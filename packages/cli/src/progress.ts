import type { TransferListener } from '@berth/client/transfer.ts'
import type { Terminal } from './terminal.ts'
import type { styleText } from 'node:util'

export type ProgressOptions = {
  readonly isQuiet: boolean
  readonly style: (style: Parameters<typeof styleText>[0], text: string) => string
}

export type Progress = {
  readonly onTransfer: TransferListener
  /** A line of text that does not disturb the bars. */
  readonly note: (text: string) => void
  /** Draws the last state and lets the terminal go. */
  readonly close: () => void
}

/** Shows transfers on a stream. */
export function openProgress(stream: Terminal['stderr'], options: ProgressOptions): Progress {
  return {
    onTransfer: () => {},
    note: (text) => {
      if (!options.isQuiet) stream.write(`${text}\n`)
    },
    close: () => {},
  }
}
