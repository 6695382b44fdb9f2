import { copyImage } from '@berth/client/copy/copy-image.ts'
import { type CopyCounts, CopySession } from '@berth/client/copy/copy-session.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import type { TargetPlatform } from '@berth/oci/platform.ts'
import type { TagName } from '@berth/oci/reference.ts'
import type { CommandContext } from '../context.ts'
import { formatBytes, formatDuration } from '../format.ts'
import {
  formatLocation,
  holdsOnePlatform,
  type Location,
  openSource,
  openTarget,
} from '../location.ts'
import { requireOnePlatform } from './platforms.ts'

export type LocationCopy = {
  readonly source: Location
  readonly target: Location
  /** Beside the one that the target names. */
  readonly tags: readonly TagName[]
  readonly platforms: readonly TargetPlatform[]
  readonly referrers: boolean
  /** Blobs under way at a time. */
  readonly parallel: number | undefined
}

export type CopyReport = {
  readonly source: string
  readonly target: string
  readonly tags: readonly string[]
  readonly digest: string
  readonly mediaType: string
  readonly manifests: CopyCounts['manifests']
  readonly blobs: CopyCounts['blobs']
  readonly bytesSent: number
  readonly milliseconds: number
}

/** Copies one image between any two places, with progress. What the target got is invisible until all of it is there. */
export async function copyLocation(
  request: LocationCopy,
  context: CommandContext,
): Promise<CopyReport> {
  const { source, target, tags, platforms, referrers, parallel } = request
  const start = performance.now()
  const { output, signal } = context
  return output.withProgress(async ({ onTransfer }) => {
    const opened = await openSource(source, context, onTransfer)
    try {
      const taken = await openTarget(target, context, nameOf(source))
      const session = new CopySession({ onTransfer, signal, blobsAtOnce: parallel })
      let copied: Descriptor
      try {
        copied = await copyImage(
          opened.source,
          taken.target,
          {
            reference: opened.reference,
            tags: [...taken.tags, ...tags],
            platforms: holdsOnePlatform(target)
              ? [await requireOnePlatform(opened, platforms, signal)]
              : platforms,
            referrers: referrers && !holdsOnePlatform(target),
          },
          session,
        )
        await taken.finish()
      } catch (error) {
        await taken.abort()
        throw error
      }
      return {
        source: formatLocation(source),
        target: formatLocation(target),
        tags: [...taken.tags, ...tags],
        digest: copied.digest,
        mediaType: copied.mediaType,
        ...session.counts,
        milliseconds: Math.round(performance.now() - start),
      }
    } finally {
      await opened.close()
    }
  })
}

/** The lines that a person gets of a copy. */
export function formatCopyReport(report: CopyReport): string {
  const { blobs, manifests, bytesSent, milliseconds, target, digest } = report
  const parts = [
    `${blobs.sent + blobs.resumed} sent`,
    `${blobs.mounted} mounted`,
    `${blobs.present} there already`,
  ]
  const isKnown = manifests.sent === 0
  return [
    `${target.replace(/@sha.*$/, '')}@${digest}`,
    isKnown
      ? 'It was there already; its tags are set.'
      : `Blobs: ${parts.join(', ')}. ${formatBytes(bytesSent)} in ${formatDuration(milliseconds)}.`,
  ].join('\n')
}

function nameOf(source: Location): Parameters<typeof openTarget>[2] {
  if (source.kind !== 'registry') return {}
  const { tag } = source.reference
  return { name: { address: source.reference, tag } }
}
