import type { Digest } from '@berth/oci/digest.ts'
import type { TagName } from '@berth/oci/reference.ts'

/** A blob or manifest that takes room: what two images share is counted once. */
export type Weight = { readonly digest: Digest; readonly size: number }

/** One manifest of a repository, as far as the rules of pruning look at it. */
export type PrunableImage = {
  readonly digest: Digest
  /** All tags on it. */
  readonly tags: readonly TagName[]
  readonly kind: 'image' | 'index' | 'other'
  /** What an index lists. */
  readonly children: readonly Digest[]
  /** What it is about (a signature, a bill of materials), by `subject` and by tags such as `sha256-….sig`. */
  readonly subjects: readonly Digest[]
  /** When it came: by the registry's own date, else by what its config says. `undefined`: nobody knows. */
  readonly age: { readonly at: Date; readonly from: 'pushed' | 'created' } | undefined
  readonly lastPulledAt: Date | undefined
  /** What it takes: itself, its config, its layers. `undefined`: not told. */
  readonly weights: readonly Weight[] | undefined
  /** Where it is pinned, for instance `build-lock.json`. */
  readonly lockedBy: string | undefined
}

const attachmentTag = /^(sha256|sha512)-([0-9a-f]{64}(?:[0-9a-f]{64})?)(?:\.[a-z0-9]{1,16})?$/

/**
 * The digest that a tag is about by the older conventions: `sha256-<hex>.sig`, `.att` and `.sbom` of cosign, and
 * `sha256-<hex>` of registries without a list of referrers. `undefined` for any other tag.
 */
export function subjectOfTag(tag: string): Digest | undefined {
  const found = attachmentTag.exec(tag)
  if (found === null) return undefined
  const [, algorithm, hex = ''] = found
  if (hex.length !== (algorithm === 'sha256' ? 64 : 128)) return undefined
  return `${algorithm}:${hex}` as Digest
}

/** The tags that people gave it, without those that only say what it is about. */
export function ordinaryTags(image: Pick<PrunableImage, 'tags'>): readonly TagName[] {
  return image.tags.filter((tag) => subjectOfTag(tag) === undefined)
}
