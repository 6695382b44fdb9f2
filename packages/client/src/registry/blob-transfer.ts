import type { Descriptor } from '@berth/oci/descriptor.ts'
import type { BlobOutcome } from '../content.ts'
import type { TransferListener } from '../transfer.ts'

/** Tells a listener of one blob: nothing before its first byte, and its end in every case. */
export function reportBlob(
  { digest, size }: Descriptor,
  onTransfer: TransferListener | undefined,
): {
  onBytes: (bytes: number) => void
  finished: (outcome: BlobOutcome) => void
  failed: (error: unknown) => void
} {
  let isStarted = false
  const start = (): void => {
    if (isStarted) return
    isStarted = true
    const label = digest.slice(digest.indexOf(':') + 1).slice(0, 12)
    onTransfer?.({ kind: 'started', id: digest, label, total: size })
  }
  const words = { present: 'already there', mounted: 'mounted', sent: 'sent', resumed: 'resumed' }
  return {
    onBytes: (bytes) => {
      start()
      onTransfer?.({ kind: 'advanced', id: digest, bytes })
    },
    finished: (outcome) => {
      start()
      onTransfer?.({ kind: 'finished', id: digest, outcome: words[outcome] })
    },
    failed: (error) => {
      start()
      const reason = error instanceof Error ? error.message : String(error)
      onTransfer?.({ kind: 'failed', id: digest, reason })
    },
  }
}
