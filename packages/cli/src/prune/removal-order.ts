import type { Digest } from '@berth/oci/digest.ts'
import type { PrunableImage } from './prunable-image.ts'

export type Removal = {
  readonly image: PrunableImage
  /** What leads to it and goes too: as long as one of these is there, it has to stay. */
  readonly after: readonly Digest[]
}

/**
 * The images in waves: an index before its children, an image before its signatures, so that nothing that is still
 * there ever lacks a part. Within a wave the order does not matter.
 */
export function orderRemovals(images: readonly PrunableImage[]): readonly (readonly Removal[])[] {
  const byDigest = new Map(images.map((image) => [image.digest, image]))
  const before = new Map<Digest, Digest[]>(images.map(({ digest }) => [digest, []]))
  for (const { digest, children, subjects } of images) {
    for (const child of children) if (child !== digest) before.get(child)?.push(digest)
    for (const subject of subjects) {
      if (byDigest.has(subject) && subject !== digest) before.get(digest)?.push(subject)
    }
  }
  const waves: Removal[][] = []
  const done = new Set<Digest>()
  let waiting = [...images]
  while (waiting.length > 0) {
    const ready = waiting.filter(({ digest }) =>
      (before.get(digest) ?? []).every((each) => done.has(each)),
    )
    // Digests cannot lead to one another in a circle; what a registry says of them could.
    const wave = ready.length > 0 ? ready : waiting
    waves.push(wave.map((image) => ({ image, after: before.get(image.digest) ?? [] })))
    for (const { digest } of wave) done.add(digest)
    waiting = waiting.filter(({ digest }) => !done.has(digest))
  }
  return waves
}
