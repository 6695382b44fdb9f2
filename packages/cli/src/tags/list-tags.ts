import type { RemoteRepository } from '@berth/client/registry/remote-repository.ts'
import type { Digest } from '@berth/oci/digest.ts'
import type { TagName } from '@berth/oci/reference.ts'
import { formatAge, formatBytes, shortDigest } from '../format.ts'
import { ImageSummaries } from '../inspect/image-summary.ts'
import { mapLimited } from '../limited.ts'
import type { Pattern } from '../pattern.ts'
import { printable } from '../printable.ts'
import { formatTable } from '../table.ts'
import { compareVersions } from '../version-order.ts'

/** One tag with what it points at; `undefined` fields: it was deleted meanwhile, or nobody knows. */
export type TagDetails = {
  readonly tag: TagName
  readonly digest: Digest | undefined
  readonly mediaType: string | undefined
  /** `linux/amd64`; none for what is no image. */
  readonly platforms: readonly string[]
  /** Compressed bytes, all platforms together, each digest once. */
  readonly size: number | undefined
  /** When the image was made, by its config or annotation. */
  readonly created: Date | undefined
}

const detailsAtOnce = 16

/** The tags that a pattern names, or all of them, the newest version first. Throws `notFound`. */
export async function listTagNames(
  repository: RemoteRepository,
  filter: Pattern | undefined,
  signal: AbortSignal,
): Promise<readonly TagName[]> {
  const names: TagName[] = []
  for await (const tag of repository.listTags(signal)) {
    if (filter === undefined || filter.matches(tag)) names.push(tag)
  }
  return names.sort(compareVersions)
}

/** Looks at each of the tags; what two of them share is read once. */
export async function readTagDetails(
  repository: RemoteRepository,
  tags: readonly TagName[],
  signal: AbortSignal,
): Promise<readonly TagDetails[]> {
  const summaries = new ImageSummaries(repository, signal)
  return mapLimited(tags, detailsAtOnce, async (tag) => {
    const summary = await summaries.read({ kind: 'tag', tag })
    if (summary === undefined) {
      const unknown = {
        digest: undefined,
        mediaType: undefined,
        size: undefined,
        created: undefined,
      }
      return { tag, platforms: [], ...unknown }
    }
    const { platforms, size, created } = await summaries.overview(summary)
    return { tag, digest: summary.digest, mediaType: summary.mediaType, platforms, size, created }
  })
}

/** As a table; `width` in columns, without it nothing is cut. */
export function formatTags(details: readonly TagDetails[], width: number | undefined): string {
  const rows = details.map(({ tag, digest, platforms, size, created }) => [
    tag,
    digest === undefined ? '-' : shortDigest(digest),
    printable(platforms.join(', ')) || '-',
    size === undefined ? '-' : formatBytes(size),
    created === undefined ? '-' : created.toISOString().slice(0, 10),
    created === undefined ? '-' : formatAge(created),
  ])
  return formatTable(
    [
      { title: 'TAG', shrinks: true },
      { title: 'DIGEST' },
      { title: 'PLATFORMS', shrinks: true },
      { title: 'SIZE', align: 'right' },
      { title: 'CREATED' },
      { title: 'AGE' },
    ],
    rows,
    width,
  )
}
