import type { Digest } from '@berth/oci/digest.ts'
import type { PrunableImage } from './prunable-image.ts'

/**
 * What removing makes room for within the repository. `bytes` counts each digest once, and none that something kept
 * needs. `isExact` is false when the sizes of `unknown` removed or kept images were not told: it may then be more, or,
 * where they share layers, less.
 */
export type Freed = { readonly bytes: number; readonly isExact: boolean; readonly unknown: number }

export function measureFreed(
  verdicts: readonly { readonly image: PrunableImage; readonly action: 'keep' | 'remove' }[],
): Freed {
  const kept = new Set<Digest>()
  const removed = new Map<Digest, number>()
  let unknown = 0
  for (const { image, action } of verdicts) {
    if (image.weights === undefined) unknown += 1
    for (const weight of image.weights ?? []) {
      if (action === 'keep') kept.add(weight.digest)
      else removed.set(weight.digest, weight.size)
    }
  }
  let bytes = 0
  for (const [digest, size] of removed) if (!kept.has(digest)) bytes += size
  return { bytes, isExact: unknown === 0, unknown }
}
