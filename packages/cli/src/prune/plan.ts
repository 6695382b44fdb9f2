import type { Digest } from '@berth/oci/digest.ts'
import { formatAge, shortDigest } from '../format.ts'
import { compareVersions, isRelease } from '../version-order.ts'
import { ordinaryTags, type PrunableImage } from './prunable-image.ts'
import type { PruneRules } from './prune-rules.ts'
import { measureFreed, type Freed } from './freed.ts'

export type Verdict = {
  readonly image: PrunableImage
  readonly action: 'keep' | 'remove'
  /** Why, in words. */
  readonly reason: string
}

export type PrunePlan = {
  /** One for each image, in the order in which they were given. */
  readonly verdicts: readonly Verdict[]
  readonly freed: Freed
}

/** What its own rules say of an image; `follows`: it stays or goes with what leads to it. */
type Ruling = { readonly action: 'keep' | 'remove' | 'follows'; readonly reason: string }

/**
 * Decides what stays and what goes. Pure: the same images, rules and time give the same plan. An image goes as a whole
 * or stays as a whole: it goes only when each of its tags may go. Whatever a kept image needs stays: children of a kept
 * index, what a kept referrer is about, and the signatures and referrers of what stays.
 */
export function planPrune(
  images: readonly PrunableImage[],
  rules: PruneRules,
  now: Date,
): PrunePlan {
  const rulings = ruleEach(images, rules, now)
  const reasons = spread(images, rulings)
  const verdicts = images.map((image): Verdict => {
    const kept = reasons.get(image.digest)
    if (kept !== undefined) return { image, action: 'keep', reason: kept }
    const ruling = rulings.get(image.digest)
    return { image, action: 'remove', reason: ruling?.reason ?? '' }
  })
  return { verdicts, freed: measureFreed(verdicts) }
}

/** Whether the age of an image with these tags can matter, so that it is worth a request. */
export function needsAge(
  image: Pick<PrunableImage, 'tags' | 'lockedBy'>,
  rules: PruneRules,
): boolean {
  const tags = ordinaryTags(image)
  if (tags.length === 0) return rules.untagged
  return heldByTags({ ...image, ordinary: tags }, rules) === undefined
}

/** What keeps an image without regard to its age and to other images. */
function heldByTags(
  image: Pick<PrunableImage, 'lockedBy'> & { readonly ordinary: readonly string[] },
  rules: PruneRules,
): string | undefined {
  if (image.lockedBy !== undefined) return `pinned by ${image.lockedBy}`
  for (const tag of image.ordinary) {
    const pattern = rules.keep.find(({ matches }) => matches(tag))
    if (pattern !== undefined) return `tag ${tag} is kept by --keep ${pattern.source}`
    if (rules.keepReleases && isRelease(tag)) return `tag ${tag} is a release`
    if (rules.match.length > 0 && !rules.match.some(({ matches }) => matches(tag))) {
      return `tag ${tag} is not among --match`
    }
  }
  return undefined
}

function ruleEach(
  images: readonly PrunableImage[],
  rules: PruneRules,
  now: Date,
): ReadonlyMap<Digest, Ruling> {
  const parents = parentsOf(images)
  const present = new Set(images.map(({ digest }) => digest))
  const rulings = new Map<Digest, Ruling>()
  const candidates: PrunableImage[] = []
  for (const image of images) {
    const ordinary = ordinaryTags(image)
    const held = heldByTags({ lockedBy: image.lockedBy, ordinary }, rules)
    if (held !== undefined) rulings.set(image.digest, { action: 'keep', reason: held })
    else if (ordinary.length > 0) candidates.push(image)
    else rulings.set(image.digest, ruleUntagged(image, { parents, present, rules, now }))
  }
  for (const [at, image] of candidates.toSorted(newestFirst).entries()) {
    const ruling: Ruling =
      at < rules.keepLast
        ? { action: 'keep', reason: `one of the newest ${rules.keepLast}` }
        : ruleByAge(image, rules, now)
    rulings.set(image.digest, ruling)
  }
  return rulings
}

function ruleUntagged(
  image: PrunableImage,
  given: {
    parents: ReadonlyMap<Digest, readonly Digest[]>
    present: ReadonlySet<Digest>
    rules: PruneRules
    now: Date
  },
): Ruling {
  const { parents, present, rules, now } = given
  const parent = parents.get(image.digest)?.[0]
  const subject = image.subjects.find((each) => present.has(each))
  if (subject !== undefined) {
    return { action: 'follows', reason: `is about ${shortDigest(subject)}, which goes` }
  }
  if (parent !== undefined) {
    return { action: 'follows', reason: `is part of ${shortDigest(parent)}, which goes` }
  }
  const what = image.subjects.length === 0 ? 'has no tag' : 'is about something that is gone'
  if (!rules.untagged) return { action: 'keep', reason: `${what}; --untagged is not given` }
  const { action, reason } = ruleByAge(image, rules, now)
  return { action, reason: action === 'remove' ? `${what}, ${reason}` : reason }
}

function ruleByAge(image: PrunableImage, rules: PruneRules, now: Date): Ruling {
  const { age, lastPulledAt } = image
  if (lastPulledAt !== undefined && isWithin(lastPulledAt, rules.keepPulledWithin, now)) {
    return { action: 'keep', reason: `pulled ${formatAge(lastPulledAt, now)}` }
  }
  if (age === undefined) {
    return { action: rules.unknownAge, reason: 'its age is not known' }
  }
  const told = `${age.from} ${formatAge(age.at, now)}`
  return isWithin(age.at, rules.olderThan, now)
    ? { action: 'keep', reason: `${told}, too young` }
    : { action: 'remove', reason: told }
}

/** Exactly at the limit it is old enough. A date to come is young. */
function isWithin(date: Date, spanMs: number | undefined, now: Date): boolean {
  return spanMs !== undefined && now.getTime() - date.getTime() < spanMs
}

/** What of unknown age there is counts as the oldest; those alike go by version, then by digest. */
function newestFirst(a: PrunableImage, b: PrunableImage): number {
  const time = ({ age }: PrunableImage): number => age?.at.getTime() ?? Number.NEGATIVE_INFINITY
  const [x, y] = [time(a), time(b)]
  if (x !== y) return x > y ? -1 : 1
  const first = (image: PrunableImage): string =>
    ordinaryTags(image).toSorted(compareVersions)[0] ?? ''
  return compareVersions(first(a), first(b)) || (a.digest < b.digest ? -1 : 1)
}

/** From what is kept by a rule of its own, along everything that it needs or that belongs to it: digest to reason. */
function spread(
  images: readonly PrunableImage[],
  rulings: ReadonlyMap<Digest, Ruling>,
): ReadonlyMap<Digest, string> {
  const byDigest = new Map(images.map((image) => [image.digest, image]))
  const attachments = new Map<Digest, Digest[]>()
  for (const { digest, subjects } of images) {
    for (const subject of subjects) push(attachments, subject, digest)
  }
  const reasons = new Map<Digest, string>()
  const waiting: Digest[] = []
  const keep = (digest: Digest, reason: string): void => {
    if (!byDigest.has(digest) || reasons.has(digest)) return
    reasons.set(digest, reason)
    waiting.push(digest)
  }
  for (const { digest } of images) {
    const ruling = rulings.get(digest)
    if (ruling?.action === 'keep') keep(digest, ruling.reason)
  }
  for (let digest = waiting.pop(); digest !== undefined; digest = waiting.pop()) {
    const image = byDigest.get(digest)
    const name = nameOf(image, digest)
    for (const child of image?.children ?? []) keep(child, `part of ${name}, which stays`)
    for (const subject of image?.subjects ?? []) keep(subject, `${name} is about it and stays`)
    for (const attachment of attachments.get(digest) ?? []) {
      keep(attachment, `about ${name}, which stays`)
    }
  }
  return reasons
}

function parentsOf(images: readonly PrunableImage[]): ReadonlyMap<Digest, readonly Digest[]> {
  const parents = new Map<Digest, Digest[]>()
  for (const { digest, children } of images)
    for (const child of children) push(parents, child, digest)
  return parents
}

function push(map: Map<Digest, Digest[]>, key: Digest, value: Digest): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}

function nameOf(image: PrunableImage | undefined, digest: Digest): string {
  return image?.tags[0] ?? shortDigest(digest)
}
