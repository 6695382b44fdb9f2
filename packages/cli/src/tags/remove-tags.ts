import { ClientError, isClientError } from '@berth/client/client-error.ts'
import { formatRepositoryAddress, type RepositoryAddress } from '@berth/client/image-reference.ts'
import type { KindApi } from '@berth/client/kinds/kind.ts'
import type { RemoteRepository } from '@berth/client/registry/remote-repository.ts'
import { isIndexMediaType } from '@berth/oci/media-type.ts'
import type { Digest } from '@berth/oci/digest.ts'
import type { TagName } from '@berth/oci/reference.ts'
import { mapLimited } from '../limited.ts'

export type TagRemoval = {
  readonly repository: RemoteRepository
  readonly api: KindApi | undefined
  readonly tag: TagName
  readonly signal: AbortSignal
  /**
   * Asked when the registry deletes no tag alone, and nothing else in the repository needs the manifest: whether the
   * manifest is to go with its one tag.
   */
  readonly mayTakeManifest: (digest: Digest) => Promise<boolean>
}

export type RemovedTag = {
  readonly digest: Digest
  /** What is gone: the tag alone, or the manifest with it, because the registry cannot do otherwise. */
  readonly taken: 'tag' | 'manifest'
}

const looksAtOnce = 32
const namedMax = 5

/**
 * Takes a tag away and leaves the manifest. Where the registry cannot do that, the manifest goes only when no other tag
 * and no index needs it, and only when that is agreed to. Throws `notFound`, `denied` when the tag is immutable,
 * `unsupported` when others would be lost with it.
 */
export async function removeTag(removal: TagRemoval): Promise<RemovedTag> {
  const { repository, api, tag, signal } = removal
  const there = await repository.resolve({ kind: 'tag', tag }, signal)
  if (there === undefined) {
    throw new ClientError('notFound', `${nameOf(repository.address, tag)} does not exist.`)
  }
  try {
    if (api?.deleteTag === undefined) await repository.deleteTag(tag, signal)
    else await api.deleteTag(repository.address.repository, tag, signal)
    return { digest: there.digest, taken: 'tag' }
  } catch (error) {
    if (!isClientError(error, 'unsupported')) throw error
    return takeManifest(removal, there.digest, error)
  }
}

async function takeManifest(
  { repository, tag, signal, mayTakeManifest }: TagRemoval,
  digest: Digest,
  refusal: ClientError,
): Promise<RemovedTag> {
  const { tags, indexes } = await othersThatNeed(repository, digest, tag, signal)
  const needed = [
    ...tags.map((each) => `the tag ${each}`),
    ...indexes.map((each) => `the index ${each}`),
  ]
  if (needed.length > 0) {
    const shown = needed.slice(0, namedMax).join(', ')
    const more = needed.length > namedMax ? ` and ${needed.length - namedMax} more` : ''
    throw new ClientError(
      'unsupported',
      `${refusal.message} ${nameOf(repository.address, tag)} was left alone, because its manifest is needed by ${shown}${more}.`,
      {
        next: `Move the tag to another image instead (berth tags add), or delete the image with all its tags: berth delete ${formatRepositoryAddress(repository.address)}@${digest}`,
        cause: refusal,
      },
    )
  }
  if (!(await mayTakeManifest(digest))) {
    throw new ClientError('cancelled', `${nameOf(repository.address, tag)} was left alone.`)
  }
  await repository.deleteManifest(digest, signal)
  return { digest, taken: 'manifest' }
}

/** Other tags on the manifest, and tagged indexes that list it; asks for every tag of the repository. */
async function othersThatNeed(
  repository: RemoteRepository,
  digest: Digest,
  tag: TagName,
  signal: AbortSignal,
): Promise<{ tags: readonly TagName[]; indexes: readonly TagName[] }> {
  const names: TagName[] = []
  for await (const each of repository.listTags(signal)) if (each !== tag) names.push(each)
  const needs = await mapLimited(names, looksAtOnce, async (each) => {
    const there = await repository.resolve({ kind: 'tag', tag: each }, signal)
    if (there?.digest === digest) return { tag: each, as: 'tag' } as const
    if (there === undefined || !isIndexMediaType(there.mediaType)) return undefined
    const { parsed } = await repository.readManifest(
      { kind: 'digest', digest: there.digest },
      signal,
    )
    const isListed = parsed.manifests.some((child) => child.digest === digest)
    return isListed ? ({ tag: each, as: 'index' } as const) : undefined
  })
  const found = needs.filter((each) => each !== undefined)
  return {
    tags: found.filter(({ as }) => as === 'tag').map((each) => each.tag),
    indexes: found.filter(({ as }) => as === 'index').map((each) => each.tag),
  }
}

function nameOf(address: RepositoryAddress, tag: TagName): string {
  return `${formatRepositoryAddress(address)}:${tag}`
}
