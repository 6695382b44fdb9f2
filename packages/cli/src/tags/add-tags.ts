import type { RemoteRepository } from '@berth/client/registry/remote-repository.ts'
import type { Digest } from '@berth/oci/digest.ts'
import type { Reference, TagName } from '@berth/oci/reference.ts'

export type AddedTag = {
  readonly tag: TagName
  readonly outcome: 'created' | 'moved' | 'unchanged'
  /** What a moved tag pointed at before. */
  readonly before: Digest | undefined
}

/**
 * Sets tags on a manifest that is there; no blob is moved. A tag that points elsewhere is moved. Throws `notFound`,
 * `denied` when a tag is immutable; the tags before it are set then.
 */
export async function addTags(
  repository: RemoteRepository,
  reference: Reference,
  tags: readonly TagName[],
  signal: AbortSignal,
): Promise<{ digest: Digest; tags: readonly AddedTag[] }> {
  const content = await repository.readManifest(reference, signal)
  const { digest } = content.descriptor
  const added: AddedTag[] = []
  for (const tag of new Set(tags)) {
    const there = await repository.resolve({ kind: 'tag', tag }, signal)
    if (there?.digest === digest) {
      added.push({ tag, outcome: 'unchanged', before: undefined })
      continue
    }
    await repository.putManifest(content, [tag], signal)
    added.push({ tag, outcome: there === undefined ? 'created' : 'moved', before: there?.digest })
  }
  return { digest, tags: added }
}
