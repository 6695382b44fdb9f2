import type { Descriptor } from '@berth/oci/descriptor.ts'
import type { Digest } from '@berth/oci/digest.ts'
import { isImageManifestMediaType, isIndexMediaType } from '@berth/oci/media-type.ts'
import { ClientError } from '../client-error.ts'
import type { ManifestContent } from '../content.ts'
import type { LayoutIndex } from './layout-index.ts'

const manifestsMax = 20_000
const depthMax = 8

/** A layout keeps no list of what refers to what: it is found by reading every manifest once, and again when the index changes. */
export class ReferrerList {
  readonly #read: (descriptor: Descriptor) => Promise<ManifestContent | undefined>
  #seenIndex = ''
  #bySubject = new Map<Digest, Descriptor[]>()
  #reached: ReadonlySet<Digest> = new Set()

  constructor(read: (descriptor: Descriptor) => Promise<ManifestContent | undefined>) {
    this.#read = read
  }

  /** What names the digest as its `subject`, by digest. Throws `inputInvalid` past 20,000 manifests. */
  async of(digest: Digest, index: LayoutIndex): Promise<readonly Descriptor[]> {
    await this.#refresh(index)
    return this.#bySubject.get(digest) ?? []
  }

  /** Whether the manifest is an entry of the index or is in one, however deep. */
  async reaches(digest: Digest, index: LayoutIndex): Promise<boolean> {
    await this.#refresh(index)
    return this.#reached.has(digest)
  }

  async #refresh(index: LayoutIndex): Promise<void> {
    const seen = index.manifests.map((entry) => entry.digest).join()
    if (seen === this.#seenIndex) return
    await this.#scan(index)
    this.#seenIndex = seen
  }

  async #scan({ manifests }: LayoutIndex): Promise<void> {
    const bySubject = new Map<Digest, Descriptor[]>()
    const visited = new Set<Digest>()
    const reached = new Set<Digest>()
    let level = manifests
    for (let depth = 0; depth < depthMax && level.length > 0; depth += 1) {
      const below: Descriptor[] = []
      for (const descriptor of level) {
        const { mediaType, digest } = descriptor
        const isManifest = isIndexMediaType(mediaType) || isImageManifestMediaType(mediaType)
        if (!isManifest || visited.has(digest)) continue
        visited.add(digest)
        if (visited.size > manifestsMax) {
          throw new ClientError('inputInvalid', `There are more than ${manifestsMax} manifests.`)
        }
        const content = await this.#read(descriptor)
        if (content === undefined) continue
        reached.add(digest)
        below.push(...content.parsed.manifests)
        const { subject } = content.parsed
        if (subject === undefined) continue
        bySubject.set(subject.digest, [...(bySubject.get(subject.digest) ?? []), entry(content)])
      }
      level = below
    }
    for (const list of bySubject.values()) list.sort((a, b) => (a.digest < b.digest ? -1 : 1))
    this.#bySubject = bySubject
    this.#reached = reached
  }
}

/** As a registry's list of referrers shows it. */
function entry({ descriptor, parsed }: ManifestContent): Descriptor {
  return {
    ...descriptor,
    ...(parsed.artifactType !== undefined && { artifactType: parsed.artifactType }),
    ...(Object.keys(parsed.annotations).length > 0 && { annotations: parsed.annotations }),
  }
}
