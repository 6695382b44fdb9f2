import { isClientError } from '@berth/client/client-error.ts'
import { copyImage } from '@berth/client/copy/copy-image.ts'
import { type CopyCounts, CopySession } from '@berth/client/copy/copy-session.ts'
import { formatRepositoryAddress } from '@berth/client/image-reference.ts'
import type { RegistryClient } from '@berth/client/registry/registry-client.ts'
import type { TargetPlatform } from '@berth/oci/platform.ts'
import { mapLimited } from '../limited.ts'
import type { Output } from '../output.ts'
import type { SyncStep } from './sync-plan.ts'

export type SyncOptions = {
  readonly platforms: readonly TargetPlatform[]
  readonly referrers: boolean
  readonly blobsAtOnce: number | undefined
}

export type SyncReport = CopyCounts & {
  readonly copied: number
  readonly failed: readonly { readonly image: string; readonly reason: string }[]
}

const imagesAtOnce = 8

/**
 * Does what was planned, many images at a time in one session, so that a blob that they share is sent once. An image that
 * fails does not stop the others; being stopped does.
 */
export async function runSync(
  steps: readonly SyncStep[],
  options: SyncOptions,
  { client, output, signal }: { client: RegistryClient; output: Output; signal: AbortSignal },
): Promise<SyncReport> {
  const failed: { image: string; reason: string }[] = []
  return output.withProgress(async ({ onTransfer }) => {
    const { platforms, referrers, blobsAtOnce } = options
    const session = new CopySession({ onTransfer, signal, blobsAtOnce })
    await mapLimited(steps, imagesAtOnce, async ({ source, target, tag, digest }) => {
      const image = `${formatRepositoryAddress(target)}:${tag}`
      try {
        await copyImage(
          client.repository(source),
          client.repository(target),
          // What was planned is copied, also if the tag has moved since.
          { reference: { kind: 'digest', digest }, tags: [tag], platforms, referrers },
          session,
        )
      } catch (error) {
        if (signal.aborted || isClientError(error, 'cancelled')) throw error
        const reason = error instanceof Error ? error.message : String(error)
        output.warn(`${image}: ${reason}`)
        failed.push({ image, reason })
      }
    })
    return { ...session.counts, copied: steps.length - failed.length, failed }
  })
}
