import { compareVersions } from '../version-order.ts'
import type { PrunableImage } from './prunable-image.ts'
import type { PruneRules } from './prune-rules.ts'

/**
 * What pruning is meant to do, once more and as plainly as possible: every sentence of the guide is one condition, and
 * what follows from what is asked over and over until nothing changes. Slow. The tests compare the plan with it.
 */
export function removedByModel(
  images: readonly PrunableImage[],
  rules: PruneRules,
  now: Date,
): ReadonlySet<string> {
  const ordinary = (image: PrunableImage): string[] =>
    image.tags.filter((tag) => !/^sha256-[0-9a-f]{64}(\.[a-z0-9]+)?$/.test(tag))
  const age = (image: PrunableImage): number =>
    image.age === undefined ? Number.POSITIVE_INFINITY : now.getTime() - image.age.at.getTime()
  const isPinned = (image: PrunableImage): boolean =>
    image.lockedBy !== undefined ||
    ordinary(image).some(
      (tag) =>
        rules.keep.some((pattern) => pattern.matches(tag)) ||
        (rules.keepReleases && /^v?\d+\.\d+(\.\d+)?$/.test(tag)) ||
        (rules.match.length > 0 && rules.match.every((pattern) => !pattern.matches(tag))),
    )
  const isOldEnough = (image: PrunableImage): boolean =>
    image.age === undefined ? rules.unknownAge === 'remove' : age(image) >= rules.olderThan
  const isPulled = (image: PrunableImage): boolean =>
    rules.keepPulledWithin !== undefined &&
    image.lastPulledAt !== undefined &&
    now.getTime() - image.lastPulledAt.getTime() < rules.keepPulledWithin
  const candidates = images.filter((image) => ordinary(image).length > 0 && !isPinned(image))
  // Of one age, or of none, the higher version counts as the newer, and then the smaller digest.
  const isBefore = (other: PrunableImage, image: PrunableImage): boolean => {
    if (other === image) return false
    if (age(other) !== age(image)) return age(other) < age(image)
    const highest = (each: PrunableImage): string => ordinary(each).sort(compareVersions)[0] ?? ''
    const order = compareVersions(highest(other), highest(image))
    return order === 0 ? other.digest < image.digest : order < 0
  }
  const isAmongLast = (image: PrunableImage): boolean =>
    candidates.filter((other) => isBefore(other, image)).length < rules.keepLast
  const isLedTo = (image: PrunableImage): boolean =>
    images.some(
      (other) => other.children.includes(image.digest) || image.subjects.includes(other.digest),
    )

  const staysByItself = (image: PrunableImage): boolean => {
    if (isPinned(image)) return true
    const isByAge = isPulled(image) || !isOldEnough(image)
    if (ordinary(image).length > 0) return isAmongLast(image) || isByAge
    return !isLedTo(image) && (!rules.untagged || isByAge)
  }

  const stays = new Set(images.filter((image) => staysByItself(image)))
  for (;;) {
    const kept = [...stays]
    const more = images.filter(
      (image) =>
        !stays.has(image) &&
        kept.some(
          (other) =>
            other.children.includes(image.digest) ||
            other.subjects.includes(image.digest) ||
            image.subjects.includes(other.digest),
        ),
    )
    if (more.length === 0) break
    for (const image of more) stays.add(image)
  }
  return new Set(images.filter((image) => !stays.has(image)).map(({ digest }) => digest))
}
