import { type Digest, isDigest } from '@berth/oci/digest.ts'

/**
 * Where in a text the digest of a reference is, or would be. Replacing `start` to `end` by `before + digest + after`
 * pins it, replacing it by `unpinned` takes the digest off.
 */
export type PinSite = {
  readonly start: number
  readonly end: number
  readonly before: string
  readonly after: string
  /** `undefined`: without the digest it would name another image or none, so it stays. */
  readonly unpinned: string | undefined
  readonly digest: Digest | undefined
}

const pinned = /@(sha(?:256|512):[0-9a-f]+)$/

/** The site behind a reference that ends at `end`: `alpine:3.20` becomes `alpine:3.20@sha256:...`. */
export function suffixSite(text: string, end: number): PinSite {
  const found = pinned.exec(text.slice(Math.max(0, end - 140), end))
  const digest = found?.[1]
  if (found === null || digest === undefined || !isDigest(digest)) {
    return { start: end, end, before: '@', after: '', unpinned: '', digest: undefined }
  }
  return {
    start: end - found[0].length,
    end,
    before: '@',
    after: '',
    unpinned: '',
    digest,
  }
}

/** The text that pins the site. */
export function pinText(site: PinSite, digest: Digest): string {
  return `${site.before}${digest}${site.after}`
}
