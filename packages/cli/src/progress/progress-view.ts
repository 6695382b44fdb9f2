import type { styleText } from 'node:util'
import type { TransferListener } from '@berth/client/transfer.ts'
import type { Terminal } from '../terminal.ts'

/** A stream that may be a terminal, as `process.stderr` is. */
export type ProgressStream = Terminal['stderr'] & { readonly rows?: number | undefined }

/** Colours a text, or leaves it as it is where no colour is wanted. */
export type Styler = (style: Parameters<typeof styleText>[0], text: string) => string

/** What shows transfers while they run. */
export type ProgressView = {
  readonly onTransfer: TransferListener
  /** A line of text that does not disturb the bars; none when quiet. */
  readonly note: (text: string) => void
  /** Like `note`, and said even when quiet: warnings. */
  readonly print: (text: string) => void
  /** Draws the last state and lets the terminal go. */
  readonly close: () => void
}
