import { ClientError } from '@berth/client/client-error.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import { isDigest } from '@berth/oci/digest.ts'
import { formatPlatform, matchesPlatform } from '@berth/oci/platform.ts'
import { parsePlatformOption } from '../copy/platforms.ts'
import { attestedDigest } from '../inspect/attachment-kinds.ts'
import { isImage } from './index-entries.ts'

/**
 * The entries without those that are named by platform or digest, and without their attestations. Throws `notFound` when
 * a name fits nothing, `inputInvalid` when nothing would be left.
 */
export function withoutEntries(
  entries: readonly Descriptor[],
  names: readonly string[],
): readonly Descriptor[] {
  const gone = new Set<string>()
  for (const name of names) {
    const isMeant = matcher(name)
    const found = entries.filter((entry) => isMeant(entry))
    if (found.length === 0) {
      const there = entries.flatMap(({ platform }) =>
        platform === undefined ? [] : [formatPlatform(platform)],
      )
      throw new ClientError('notFound', `The index has no ${name}.`, {
        next: `It has ${[...new Set(there)].join(', ')}.`,
      })
    }
    for (const { digest } of found) gone.add(digest)
  }
  const left = entries.filter(
    (entry) => !gone.has(entry.digest) && !gone.has(attestedDigest(entry) ?? ''),
  )
  if (left.some((entry) => isImage(entry))) return left
  throw new ClientError('inputInvalid', 'Nothing would be left in the index.', {
    next: 'Delete the whole with: berth delete',
  })
}

function matcher(name: string): (entry: Descriptor) => boolean {
  if (isDigest(name)) return ({ digest }) => digest === name
  const wanted = parsePlatformOption(name)
  return (entry) => isImage(entry) && matchesPlatform(entry.platform, wanted)
}
