import { type Descriptor, readDescriptor } from '@berth/oci/descriptor.ts'
import { isJsonObject, parseGuardedJson } from '@berth/oci/json-guard.ts'
import { OCI_IMAGE_INDEX } from '@berth/oci/media-type.ts'
import { OciError, quote } from '@berth/oci/oci-error.ts'
import { parseTagName, type TagName } from '@berth/oci/reference.ts'
import type { Digest } from '@berth/oci/digest.ts'
import { ClientError } from '../client-error.ts'

/** Names an entry of `index.json` (image-spec annotations.md). */
export const refNameAnnotation = 'org.opencontainers.image.ref.name'
/** Names it in full; what containerd and docker write and read. */
export const imageNameAnnotation = 'io.containerd.image.name'

/** What `index.json` lists: the roots of a layout, in order. */
export type LayoutIndex = { readonly manifests: readonly Descriptor[] }

export const layoutVersion = '{"imageLayoutVersion":"1.0.0"}'

/** Reads `index.json`; `name` is for messages. Throws `inputInvalid` when it is no index. */
export function parseLayoutIndex(bytes: Uint8Array, name: string): LayoutIndex {
  const body = guarded(name, 'index.json', () => parseGuardedJson(bytes))
  if (!isJsonObject(body) || !Array.isArray(body.manifests)) {
    throw invalid(name, 'index.json has no list of manifests')
  }
  const manifests = body.manifests.map((entry, at) => {
    let fault = 'is wrong'
    const descriptor = readDescriptor(entry, `manifests[${at}]`, (path, text) => {
      fault = `${path} ${text}`
    })
    if (descriptor === undefined) throw invalid(name, `index.json: ${fault}`)
    return descriptor
  })
  return { manifests }
}

/** Checks `oci-layout`. Throws `inputInvalid` when it is of another version than 1. */
export function checkLayoutVersion(bytes: Uint8Array, name: string): void {
  const body = guarded(name, 'oci-layout', () => parseGuardedJson(bytes))
  const version = isJsonObject(body) ? body.imageLayoutVersion : undefined
  if (typeof version === 'string' && version.startsWith('1.')) return
  throw invalid(name, `oci-layout names the version ${quote(String(version))}; 1.0.0 is known`)
}

export function formatLayoutIndex({ manifests }: LayoutIndex): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: OCI_IMAGE_INDEX, manifests })
}

/**
 * The tag of an entry: the name itself, or that of the image which it names in full, as podman and containerd write it.
 * `undefined` without a name, or when the name holds no tag.
 */
export function tagOfEntry(entry: Descriptor): TagName | undefined {
  const name = entry.annotations?.[refNameAnnotation] ?? entry.annotations?.[imageNameAnnotation]
  if (name === undefined) return undefined
  const colon = name.lastIndexOf(':')
  const tag = colon > name.lastIndexOf('/') && !name.includes('@') ? name.slice(colon + 1) : name
  try {
    return parseTagName(tag)
  } catch (error) {
    if (error instanceof OciError) return undefined
    throw error
  }
}

/** What is added to a layout: a manifest, its tags, and what is in it, which then needs no entry of its own. */
export type NewRoot = {
  readonly descriptor: Descriptor
  readonly tags: readonly TagName[]
  readonly children: ReadonlySet<Digest>
}

/**
 * The index with the manifest in it: one entry for each tag, taken from whatever had the tag before; one entry without a
 * name when there is no tag. Children lose their nameless entries, for they are reached through their parent.
 */
export function withRoot(index: LayoutIndex, { descriptor, tags, children }: NewRoot): LayoutIndex {
  const taken = new Set<string>(tags)
  const kept = index.manifests.filter((entry) => {
    const tag = tagOfEntry(entry)
    if (tag !== undefined) return !taken.has(tag)
    return entry.digest !== descriptor.digest && !children.has(entry.digest)
  })
  const isKept = kept.some((entry) => entry.digest === descriptor.digest)
  if (tags.length === 0) return { manifests: isKept ? kept : [...kept, descriptor] }
  const named = tags.map((tag) => ({
    ...descriptor,
    annotations: { ...descriptor.annotations, [refNameAnnotation]: tag },
  }))
  return { manifests: [...kept, ...named] }
}

function guarded<T>(name: string, file: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof OciError)) throw error
    // The reader of JSON speaks of manifests.
    const fault = error.message.replace(/^The manifest is not valid: it /, '')
    throw invalid(name, `${file} ${fault.replace(/\.$/, '')}`, error)
  }
}

function invalid(name: string, fault: string, cause?: unknown): ClientError {
  return new ClientError('inputInvalid', `${name} is no OCI image layout: ${fault}.`, { cause })
}
