import { ClientError, isClientError } from '@berth/client/client-error.ts'
import type { KindApi } from '@berth/client/kinds/kind.ts'
import type { RemoteRepository } from '@berth/client/registry/remote-repository.ts'
import type { Digest } from '@berth/oci/digest.ts'
import type { TagName } from '@berth/oci/reference.ts'
import { shortDigest } from '../format.ts'
import { mapLimited } from '../limited.ts'
import type { PrunableImage } from './prunable-image.ts'
import { orderRemovals, type Removal } from './removal-order.ts'

export type RemovalOutcome = {
  readonly digest: Digest
  /** `gone`: it was not there any more. `skipped`: not tried, for the reason that `fault` tells. */
  readonly outcome: 'deleted' | 'gone' | 'failed' | 'skipped'
  readonly fault: ClientError | undefined
}

export type RemoveOptions = {
  readonly repository: RemoteRepository
  readonly api: KindApi | undefined
  /** Every tag that was seen when the plan was made. */
  readonly knownTags: ReadonlySet<string>
  /** Whether the plan was made from the registry's own list of images. */
  readonly isListedByApi: boolean
  readonly signal: AbortSignal
  /** Told after each one. */
  readonly onDone?: ((done: number, total: number) => void) | undefined
}

const removalsAtOnce = 8
/** After one of these every other request would end alike. */
const hopeless = [
  'rateLimited',
  'unauthenticated',
  'unreachable',
  'tlsUntrusted',
  'cancelled',
] as const

/**
 * Deletes the images: tagged ones and indexes first, then what only they needed. A failure of one leaves what it leads
 * to alone and the others go on. Throws `denied` before anything is deleted when somebody has set a new tag on one of
 * them since the plan was made.
 */
export async function removeImages(
  images: readonly PrunableImage[],
  options: RemoveOptions,
): Promise<readonly RemovalOutcome[]> {
  await requireNoNewTags(images, options)
  const outcomes = new Map<Digest, RemovalOutcome>()
  let stopped: ClientError | undefined
  const remove = async ({ image, after }: Removal): Promise<void> => {
    const { digest } = image
    const held = after.find((each) => !isAway(outcomes.get(each)))
    let outcome: RemovalOutcome
    if (stopped !== undefined) outcome = { digest, outcome: 'skipped', fault: stopped }
    else if (held !== undefined) outcome = { digest, outcome: 'skipped', fault: heldBack(held) }
    else outcome = await removeOne(image, options)
    if (isClientError(outcome.fault, ...hopeless)) stopped = outcome.fault
    outcomes.set(digest, outcome)
    options.onDone?.(outcomes.size, images.length)
  }
  for (const wave of orderRemovals(images)) await mapLimited(wave, removalsAtOnce, remove)
  return images.flatMap(({ digest }) => outcomes.get(digest) ?? [])
}

async function removeOne(image: PrunableImage, options: RemoveOptions): Promise<RemovalOutcome> {
  const { digest } = image
  try {
    options.signal.throwIfAborted()
    await deleteImage(image, options)
    return { digest, outcome: 'deleted', fault: undefined }
  } catch (error) {
    if (isClientError(error, 'notFound')) return { digest, outcome: 'gone', fault: undefined }
    if (!(error instanceof ClientError)) throw error
    return { digest, outcome: 'failed', fault: error }
  }
}

async function deleteImage({ digest, tags }: PrunableImage, options: RemoveOptions): Promise<void> {
  const { repository, api, signal } = options
  if (api?.deleteImage !== undefined) {
    // Some kinds delete by name: a tag that was moved meanwhile is not meant any more.
    const still = await tagsOn(digest, tags, options)
    await api.deleteImage(repository.address.repository, { digest, tags: still }, signal)
    return
  }
  try {
    await repository.deleteManifest(digest, signal)
  } catch (error) {
    // Some registries delete no manifest that still has a tag.
    const isAboutTags =
      error instanceof ClientError && (error.status === 400 || error.status === 409)
    if (!isAboutTags || tags.length === 0) throw error
    for (const tag of await tagsOn(digest, tags, options)) await repository.deleteTag(tag, signal)
    await repository.deleteManifest(digest, signal)
  }
}

async function tagsOn(
  digest: Digest,
  tags: readonly TagName[],
  { repository, signal }: RemoveOptions,
): Promise<readonly TagName[]> {
  const still: TagName[] = []
  for (const tag of tags) {
    const there = await repository.resolve({ kind: 'tag', tag }, signal)
    if (there?.digest === digest) still.push(tag)
  }
  return still
}

/** What people tagged while the plan was looked at is not for this plan to delete. */
async function requireNoNewTags(
  images: readonly PrunableImage[],
  options: RemoveOptions,
): Promise<void> {
  const planned = new Map(images.map(({ digest, tags }) => [digest, new Set<string>(tags)]))
  for await (const { tag, digest } of tagsNow(options)) {
    const tags = planned.get(digest)
    if (tags === undefined || tags.has(tag)) continue
    throw new ClientError(
      'denied',
      `Somebody has just set the tag ${tag} on ${shortDigest(digest)} of ${options.repository.name}, which was to be deleted. Nothing was deleted there.`,
      { next: 'Run it again to get a new plan.' },
    )
  }
}

/** Every tag where the registry lists them with their digests; elsewhere those that are new, since each is a request. */
async function* tagsNow({
  repository,
  api,
  knownTags,
  isListedByApi,
  signal,
}: RemoveOptions): AsyncGenerator<{ tag: TagName; digest: Digest }, void> {
  if (isListedByApi && api?.listImages !== undefined) {
    for await (const { digest, tags } of api.listImages(repository.address.repository, signal)) {
      for (const tag of tags) yield { tag, digest }
    }
    return
  }
  for await (const tag of repository.listTags(signal)) {
    if (knownTags.has(tag)) continue
    const there = await repository.resolve({ kind: 'tag', tag }, signal)
    if (there !== undefined) yield { tag, digest: there.digest }
  }
}

function isAway(outcome: RemovalOutcome | undefined): boolean {
  return outcome?.outcome === 'deleted' || outcome?.outcome === 'gone'
}

function heldBack(by: Digest): ClientError {
  return new ClientError(
    'denied',
    `It was left alone, because ${shortDigest(by)}, which needs it, could not be deleted.`,
  )
}
