import { createHash } from 'node:crypto'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import { type Digest, makeDigest } from '@berth/oci/digest.ts'
import { isJsonObject, parseGuardedJson } from '@berth/oci/json-guard.ts'
import { parseManifest } from '@berth/oci/manifest.ts'
import { isImageManifestMediaType, isIndexMediaType } from '@berth/oci/media-type.ts'
import { formatPlatform, matchesPlatform, type TargetPlatform } from '@berth/oci/platform.ts'
import { parseTagName, type Reference, type TagName } from '@berth/oci/reference.ts'
import { ClientError } from '../client-error.ts'
import type { ContentSource, ContentTarget, ManifestContent } from '../content.ts'
import type { CopySession } from './copy-session.ts'
import { allSettled } from './limited.ts'

export type CopyRequest = {
  /** At the source. */
  readonly reference: Reference
  /** At the target, set last; without any the manifest is reached by its digest alone. */
  readonly tags: readonly TagName[]
  /**
   * One: its image alone, not the index. Several: an index of these, which has a digest of its own. None: everything.
   */
  readonly platforms?: readonly TargetPlatform[] | undefined
  /** Whether signatures, SBOMs and what else refers to the image come along. Default true. */
  readonly referrers?: boolean | undefined
}

/** Nested that deep there is nothing that a client could use; a circle of referrers would never end. */
const depthMax = 8
const signatureSuffixes = ['sig', 'att', 'sbom']

/**
 * Copies an image with all that belongs to it: blobs first, then manifests from the inside out, the tags last, so that
 * nobody who reads the target finds half an image. What is there already is not sent again. Gives what the tags point at.
 * Throws `notFound`, `platformMissing`, and whatever source and target throw.
 */
export async function copyImage(
  source: ContentSource,
  target: ContentTarget,
  request: CopyRequest,
  session: CopySession,
): Promise<Descriptor> {
  const read = await session.manifest(() => source.readManifest(request.reference, session.signal))
  const content = await choosePlatforms(read, source, request, session)
  const image = new ImageCopy(source, target, session, request.referrers !== false)
  await image.copy(content, request.tags, 0)
  return content.descriptor
}

class ImageCopy {
  readonly #source: ContentSource
  readonly #target: ContentTarget
  readonly #session: CopySession
  readonly #withReferrers: boolean

  constructor(
    source: ContentSource,
    target: ContentTarget,
    session: CopySession,
    withReferrers: boolean,
  ) {
    this.#source = source
    this.#target = target
    this.#session = session
    this.#withReferrers = withReferrers
  }

  async copy(content: ManifestContent, tags: readonly TagName[], depth: number): Promise<void> {
    const { digest } = content.descriptor
    await this.#session.once(this.#target, digest, () => this.#content(content, depth))
    if (tags.length > 0) {
      await this.#session.manifest(() =>
        this.#target.putManifest(content, tags, this.#session.signal),
      )
    }
  }

  /** The manifest and everything under it, without tags. */
  async #content(content: ManifestContent, depth: number): Promise<void> {
    const { descriptor, parsed } = content
    if (depth > depthMax) {
      throw new ClientError(
        'unsupported',
        `${this.#source.name}@${descriptor.digest} lies deeper than ${depthMax} levels in other manifests.`,
      )
    }
    const session = this.#session
    // A registry holds no manifest without what it refers to, so nothing below it has to be asked for.
    if (await session.manifest(() => this.#target.hasManifest(descriptor.digest, session.signal))) {
      session.noteManifest('present')
    } else {
      await session.blobsOf(content, this.#source, this.#target)
      await allSettled(parsed.manifests.map((child) => this.#child(child, depth)))
      await session.manifest(() => this.#target.putManifest(content, [], session.signal))
      session.noteManifest('sent')
    }
    if (this.#withReferrers) await this.#referrers(descriptor.digest, depth)
  }

  /** An entry of an index: a manifest, or a blob as BuildKit's cache has them. */
  async #child(child: Descriptor, depth: number): Promise<void> {
    const { mediaType, digest } = child
    if (!isImageManifestMediaType(mediaType) && !isIndexMediaType(mediaType)) {
      const isManifest = await this.#source.resolve(
        { kind: 'digest', digest },
        this.#session.signal,
      )
      if (isManifest === undefined) {
        await this.#session.blob(child, this.#source, this.#target)
        return
      }
    }
    await this.copy(await this.#read(digest), [], depth + 1)
  }

  async #referrers(digest: Digest, depth: number): Promise<void> {
    const found: Descriptor[] = []
    for await (const each of this.#source.listReferrers(digest, this.#session.signal)) {
      found.push(each)
    }
    for (const each of found) await this.copy(await this.#read(each.digest), [], depth + 1)
    // Only what people sign has these tags; each costs a request.
    for (const tag of signatureTags(digest)) {
      const reference = { kind: 'tag', tag } as const
      const there = await this.#session.manifest(() =>
        this.#source.resolve(reference, this.#session.signal),
      )
      if (there !== undefined) await this.copy(await this.#read(there.digest), [tag], depth + 1)
    }
  }

  #read(digest: Digest): Promise<ManifestContent> {
    return this.#session.manifest(() =>
      this.#source.readManifest({ kind: 'digest', digest }, this.#session.signal),
    )
  }
}

/** The image for one platform, or an index of those that are wanted. */
async function choosePlatforms(
  content: ManifestContent,
  source: ContentSource,
  { platforms = [] }: CopyRequest,
  session: CopySession,
): Promise<ManifestContent> {
  if (platforms.length === 0 || content.parsed.kind !== 'index') return content
  const { manifests } = content.parsed
  const chosen = platforms.map((wanted) => {
    const entry = manifests.find(({ platform }) => matchesPlatform(platform, wanted))
    if (entry !== undefined) return entry
    throw platformMissing(source.name, wanted, manifests)
  })
  const [only] = chosen
  if (chosen.length === 1 && only !== undefined) {
    return session.manifest(() =>
      source.readManifest({ kind: 'digest', digest: only.digest }, session.signal),
    )
  }
  return indexOf(content, new Set(chosen.map(({ digest }) => digest)))
}

/** The same index with some of its entries; attestations of those stay with them. */
function indexOf(content: ManifestContent, digests: ReadonlySet<Digest>): ManifestContent {
  const body = parseGuardedJson(content.bytes)
  const entries = isJsonObject(body) && Array.isArray(body.manifests) ? body.manifests : []
  const kept = content.parsed.manifests.flatMap(({ digest, annotations }, at) => {
    const about = annotations?.['vnd.docker.reference.digest']
    const isKept = digests.has(digest) || [...digests].some((each) => each === about)
    return isKept ? [entries[at]] : []
  })
  const bytes = Buffer.from(JSON.stringify({ ...(body as object), manifests: kept }))
  const { mediaType } = content.descriptor
  return {
    descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length },
    bytes,
    parsed: parseManifest(bytes, mediaType),
  }
}

export function platformMissing(
  name: string,
  wanted: TargetPlatform,
  manifests: readonly Descriptor[],
): ClientError {
  const there = manifests.flatMap(({ platform }) =>
    platform?.architecture === undefined || platform.architecture === 'unknown'
      ? []
      : [formatPlatform(platform)],
  )
  return new ClientError('platformMissing', `${name} is not there for ${formatPlatform(wanted)}.`, {
    next:
      there.length === 0 ? undefined : `It is there for ${[...new Set(there)].sort().join(', ')}.`,
  })
}

/** Tags under which cosign up to version 2 keeps what it says of a digest. */
function signatureTags(digest: Digest): readonly TagName[] {
  return signatureSuffixes.map((suffix) => parseTagName(`${digest.replace(':', '-')}.${suffix}`))
}

function digestOf(bytes: Buffer): Digest {
  return makeDigest('sha256', createHash('sha256').update(bytes).digest('hex'))
}
