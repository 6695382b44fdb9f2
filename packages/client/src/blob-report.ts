import type { Descriptor } from '@berth/oci/descriptor.ts'
import { digestEncoded } from '@berth/oci/digest.ts'
import type { BlobOutcome } from './content.ts'
import type { TransferListener } from './transfer.ts'

const outcomes: Readonly<Record<BlobOutcome, string>> = {
  present: 'already there',
  mounted: 'mounted',
  sent: 'done',
  resumed: 'resumed',
}

/** What a blob is in an image, by its media type, with the beginning of its digest: `layer 1f2e3d4c5b6a`. */
export function blobLabel({ mediaType, digest }: Descriptor): string {
  const kind = /config/.test(mediaType)
    ? 'config'
    : /layer|rootfs/.test(mediaType)
      ? 'layer'
      : 'blob'
  return `${kind} ${digestEncoded(digest).slice(0, 12)}`
}

/** Tells a listener of the way of one blob while `work` runs. */
export async function reportBlob(
  descriptor: Descriptor,
  onTransfer: TransferListener | undefined,
  work: (onBytes: (bytes: number) => void) => Promise<BlobOutcome>,
): Promise<BlobOutcome> {
  if (onTransfer === undefined) return work(() => {})
  const id = descriptor.digest
  onTransfer({ kind: 'started', id, label: blobLabel(descriptor), total: descriptor.size })
  try {
    const outcome = await work((bytes) => onTransfer({ kind: 'advanced', id, bytes }))
    onTransfer({ kind: 'finished', id, outcome: outcomes[outcome] })
    return outcome
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    onTransfer({ kind: 'failed', id, reason })
    throw error
  }
}
