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
  const going = new Set(images.map(({ digest }) => digest))
  const parents = new Map<Digest, Digest[]>(images.map(({ digest }) => [digest, []]))
  for (const { digest, children } of images) {
    for (const child of children) if (child !== digest) parents.get(child)?.push(digest)
  }
  const subjectsOf = ({ digest, subjects }: PrunableImage): readonly Digest[] =>
    subjects.filter((subject) => subject !== digest && going.has(subject))
  const waves: Removal[][] = []
  const done = new Set<Digest>()
  const isFree = (holders: readonly Digest[]): boolean => holders.every((each) => done.has(each))
  let waiting = [...images]
  while (waiting.length > 0) {
    const withoutParents = waiting.filter(({ digest }) => isFree(parents.get(digest) ?? []))
    const free = withoutParents.filter((image) => isFree(subjectsOf(image)))
    // An index about its own child: the child comes later, since nobody can use an index that lacks one. Digests cannot
    // lead to one another in a circle; what a registry says of them could.
    const wave = [free, withoutParents, waiting].find((each) => each.length > 0) ?? []
    waves.push(
      wave.map((image) => {
        const holders = [...(parents.get(image.digest) ?? []), ...subjectsOf(image)]
        return { image, after: holders.filter((each) => done.has(each)) }
      }),
    )
    for (const { digest } of wave) done.add(digest)
    waiting = waiting.filter(({ digest }) => !done.has(digest))
  }
  return waves
}
