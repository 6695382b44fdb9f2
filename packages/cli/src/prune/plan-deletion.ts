import type { Digest } from '@berth/oci/digest.ts'
import { shortDigest } from '../format.ts'
import { ordinaryTags, type PrunableImage } from './prunable-image.ts'

export type PlannedDeletion = {
  readonly image: PrunableImage
  /** Why it goes, in words. */
  readonly reason: string
}

export type DeletionPlan = {
  readonly deletions: readonly PlannedDeletion[]
  /** What speaks against it, as whole sentences; to be overruled only on purpose. */
  readonly objections: readonly string[]
}

/**
 * What goes when these images are deleted: they with all their tags, children and signatures that nothing else keeps.
 * Pure. An image that is named and pinned, that a remaining index lists or a remaining tagged referrer is about, is an
 * objection; what is not named and pinned stays.
 */
export function planDeletion(
  images: readonly PrunableImage[],
  named: ReadonlySet<Digest>,
): DeletionPlan {
  const parents = new Map<Digest, Digest[]>()
  for (const { digest, children } of images) {
    for (const child of children) parents.set(child, [...(parents.get(child) ?? []), digest])
  }
  const present = new Set(images.map(({ digest }) => digest))
  const holdersOf = ({ digest, subjects }: PrunableImage): readonly Digest[] => [
    ...(parents.get(digest) ?? []),
    ...subjects.filter((subject) => present.has(subject)),
  ]
  const reasons = new Map<Digest, string>()
  for (const { digest } of images) if (named.has(digest)) reasons.set(digest, 'named')
  for (let isGrowing = true; isGrowing; ) {
    isGrowing = false
    for (const image of images) {
      const holders = holdersOf(image)
      const mayFollow = ordinaryTags(image).length === 0 && image.lockedBy === undefined
      if (reasons.has(image.digest) || !mayFollow || holders.length === 0) continue
      if (!holders.every((each) => reasons.has(each))) continue
      const isPart = parents.has(image.digest)
      reasons.set(image.digest, `${isPart ? 'part of' : 'about'} ${shortDigest(holders[0] ?? '')}`)
      isGrowing = true
    }
  }
  const deletions = images.flatMap((image) => {
    const reason = reasons.get(image.digest)
    return reason === undefined ? [] : [{ image, reason }]
  })
  return { deletions, objections: objectionsTo(images, reasons) }
}

function objectionsTo(
  images: readonly PrunableImage[],
  reasons: ReadonlyMap<Digest, string>,
): readonly string[] {
  const nameOf = ({ digest, tags }: PrunableImage): string => tags[0] ?? shortDigest(digest)
  const byDigest = new Map(images.map((image) => [image.digest, image]))
  const objections = new Set<string>()
  for (const image of images) {
    if (reasons.has(image.digest)) {
      if (image.lockedBy !== undefined)
        objections.add(`${nameOf(image)} is pinned by ${image.lockedBy}.`)
      continue
    }
    for (const child of image.children) {
      const going = reasons.has(child) ? byDigest.get(child) : undefined
      if (going !== undefined)
        objections.add(`${nameOf(going)} is part of the index ${nameOf(image)}, which stays.`)
    }
    for (const subject of image.subjects) {
      const going = reasons.has(subject) ? byDigest.get(subject) : undefined
      if (going !== undefined)
        objections.add(`${nameOf(image)} is about ${nameOf(going)} and stays.`)
    }
  }
  return [...objections]
}
