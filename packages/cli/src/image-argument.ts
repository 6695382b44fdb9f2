import { ClientError } from '@berth/client/client-error.ts'
import {
  dockerHub,
  formatRepositoryAddress,
  type ImageReference,
  parseImageReference,
  parseRegistryHost,
  type RepositoryAddress,
} from '@berth/client/image-reference.ts'
import { OciError } from '@berth/oci/oci-error.ts'
import { parseTagName, type Reference, type TagName } from '@berth/oci/reference.ts'

/** What an image given without tag and digest means: `latest`, as everywhere. */
export function referenceOf({ tag, digest }: ImageReference): Reference {
  if (digest !== undefined) return { kind: 'digest', digest }
  return { kind: 'tag', tag: tag ?? parseTagName('latest') }
}

/** The image as one writes it: `ghcr.io/acme/api:1.2`, or with `@` and the digest. */
export function formatAt(address: RepositoryAddress, reference: Reference): string {
  const name = formatRepositoryAddress(address)
  return reference.kind === 'tag' ? `${name}:${reference.tag}` : `${name}@${reference.digest}`
}

/** Reads a tag that was given alone. Throws `referenceInvalid`. */
export function parseTagArgument(text: string): TagName {
  try {
    return parseTagName(text)
  } catch (error) {
    if (!(error instanceof OciError)) throw error
    throw new ClientError('referenceInvalid', error.message)
  }
}

/** Reads an image that has to be named by a tag, and by nothing else. Throws `referenceInvalid`. */
export function parseTaggedImage(text: string): RepositoryAddress & { readonly tag: TagName } {
  const { registry, repository, tag, digest } = parseImageReference(text)
  if (tag !== undefined && digest === undefined) return { registry, repository, tag }
  throw new ClientError('referenceInvalid', `${text} does not name a tag.`, {
    next: 'Write it with its tag and without a digest: registry.example.com/acme/api:1.2.',
  })
}

/**
 * Splits `registry/glob`, or a registry alone, into the registry and what the names of repositories have to look like.
 * Throws `referenceInvalid`.
 */
export function splitRepositoryGlob(text: string): { registry: string; glob: string | undefined } {
  const bare = text.replace(/^https?:\/\//i, '')
  const slash = bare.indexOf('/')
  const first = slash === -1 ? bare : bare.slice(0, slash)
  const rest = slash === -1 ? '' : bare.slice(slash + 1)
  const isHost = /[.:]/.test(first) && !/[*?[{]/.test(first)
  if (isHost || first === 'localhost') {
    return { registry: parseRegistryHost(first), glob: rest === '' ? undefined : rest }
  }
  return { registry: dockerHub, glob: bare }
}
