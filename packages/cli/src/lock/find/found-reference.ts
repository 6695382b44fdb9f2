import { type ImageReference, parseImageReference } from '@berth/client/image-reference.ts'
import { ClientError } from '@berth/client/client-error.ts'
import type { Digest } from '@berth/oci/digest.ts'
import type { PinSite } from './pin-site.ts'

export type ReferenceKind =
  | 'from'
  | 'copyFrom'
  | 'mountFrom'
  | 'syntax'
  | 'composeImage'
  | 'composeModel'
  | 'buildContext'
  | 'podImage'
  | 'imageVolume'
  | 'customImage'
  | 'helmValues'
  | 'helmDependency'
  | 'helmTemplate'
  | 'kustomizeImage'
  | 'buildArgument'

/** Where something stands in a text: offsets in UTF-16 units, `line` and `column` from 1. */
export type Place = {
  readonly start: number
  readonly end: number
  readonly line: number
  readonly column: number
}

/** Something in a file that names an image. */
export type FoundReference = Place & {
  readonly kind: ReferenceKind
  /** As it is written, variables and all. */
  readonly text: string
  readonly standing: Standing
}

export type Standing =
  /** It can be locked, and the digest can be written at `site`. */
  | { readonly state: 'writable'; readonly image: ImageReference; readonly site: PinSite }
  /** It can be locked; why no digest can be written here. */
  | { readonly state: 'fixed'; readonly image: ImageReference; readonly reason: string }
  /** Which image it means is not known from the files. */
  | { readonly state: 'unresolved'; readonly reason: string }
  /** It names what is built here, so nothing is pulled. */
  | { readonly state: 'built'; readonly reason: string }

export type Finding = {
  readonly references: readonly FoundReference[]
  /** Why the file, or a part of it, could not be read. */
  readonly faults: readonly { readonly line: number; readonly message: string }[]
}

/** Offsets at which lines begin. A line ends with `\n`, `\r\n` or a lone `\r`. */
export function lineStarts(text: string): readonly number[] {
  const starts = [0]
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === 10 || (code === 13 && text.charCodeAt(at + 1) !== 10)) starts.push(at + 1)
  }
  return starts
}

/** Where the piece of text from `start` to `end` stands. */
export function placeOf(starts: readonly number[], start: number, end: number): Place {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((starts[middle] ?? 0) <= start) low = middle
    else high = middle - 1
  }
  return { start, end, line: low + 1, column: start - (starts[low] ?? 0) + 1 }
}

/** The standing of a reference that reads `text` in full; a malformed one is unresolved, with the reason. */
export function standingOf(
  text: string,
  write: (image: ImageReference) => PinSite | { readonly reason: string },
): Standing {
  let image: ImageReference
  try {
    image = parseImageReference(text)
  } catch (error) {
    if (!(error instanceof ClientError)) throw error
    return { state: 'unresolved', reason: error.message }
  }
  const written = write(image)
  return 'reason' in written
    ? { state: 'fixed', image, reason: written.reason }
    : { state: 'writable', image, site: written }
}

/** The image of a reference that can be locked. */
export function imageOf({ standing }: FoundReference): ImageReference | undefined {
  return standing.state === 'writable' || standing.state === 'fixed' ? standing.image : undefined
}

/** The digest that a file pins. */
export function pinnedDigest(reference: FoundReference): Digest | undefined {
  return imageOf(reference)?.digest
}
