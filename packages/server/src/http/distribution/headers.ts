import type { Digest } from '@berth/oci/digest.ts'
import type { Caller } from '../../access/caller.ts'

/** Names and values in turn, as `ServerResponse.writeHead` takes them without further work. */
export type HeaderList = string[]

/** Optional in OCI, expected by old tools and by proxies set up from Docker's recipes. */
export const API_VERSION = ['Docker-Distribution-Api-Version', 'registry/2.0'] as const

/** The longest `Warning` value that clients show, all of them together (distribution-spec, "Warnings"). */
const warningBytes = 4096

/** Headers of a JSON answer of `length` bytes. */
export function jsonHeaders(length: number): HeaderList {
  return ['Content-Type', 'application/json', 'Content-Length', String(length), ...API_VERSION]
}

/** Headers of an answer without a body. */
export function emptyHeaders(): HeaderList {
  return ['Content-Length', '0', ...API_VERSION]
}

/** No browser may take what somebody pushed for a page: it would be one of this very site. */
const NO_SNIFFING = ['X-Content-Type-Options', 'nosniff'] as const

/** Headers that tell the client which content it got: its digest, twice. */
export function contentHeaders(digest: Digest): HeaderList {
  return ['Docker-Content-Digest', digest, 'ETag', `"${digest}"`, ...NO_SNIFFING, ...API_VERSION]
}

/** Content under a digest never changes; what needed credentials must not land in a shared cache. */
export function immutableCacheControl(caller: Caller): string {
  return caller.credentials === 'none'
    ? 'public, max-age=31536000, immutable'
    : 'private, max-age=31536000, immutable'
}

/**
 * Whether the client holds this very content already (RFC 9110, section 13.1.2).
 * Docker's clients send the digest without quotes, so that counts as well.
 */
export function isNotModified(ifNoneMatch: string | undefined, digest: Digest): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch === '*') return true
  for (const entry of ifNoneMatch.split(',')) {
    let tag = entry.trim()
    if (tag.startsWith('W/')) tag = tag.slice(2)
    if (tag === digest) return true
    if (tag.length === digest.length + 2 && tag.startsWith('"') && tag.slice(1, -1) === digest) {
      return true
    }
  }
  return false
}

/**
 * Adds one `Warning: 299 - "…"` header for each text (distribution-spec, "Warnings"), the exact form that podman
 * and oras show to people. Those that would pass 4096 bytes together are left away.
 */
export function addWarnings(headers: HeaderList, warnings: readonly string[] | undefined): void {
  let room = warningBytes
  for (const warning of warnings ?? []) {
    const text = warning.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')
    const value = `299 - "${text}"`
    room -= value.length
    if (room < 0) return
    headers.push('Warning', value)
  }
}

/** The `Link` from one page of a list to the next. */
export function nextPageLink(path: string, limit: number | undefined, last: string): string {
  const query = new URLSearchParams()
  if (limit !== undefined) query.set('n', String(limit))
  query.set('last', last)
  return queryLink(path, query)
}

/** A `Link` header: relative, one link, nothing behind the first `;` but `rel`, where podman and docker cut. */
export function queryLink(path: string, query: URLSearchParams): string {
  return `<${path}?${query.toString()}>; rel="next"`
}
