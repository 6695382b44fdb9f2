import { ClientError } from '@berth/client/client-error.ts'
import type { ContentSource } from '@berth/client/content.ts'
import type { TagName } from '@berth/oci/reference.ts'
import semver from 'semver'

/**
 * The newest tag within a range of versions (`^1.4`, `1.x`, `>=2 <3`). Tags are read as versions with or without `v`
 * before them and with all three numbers; `1.4` and `latest` move, so they are not chosen. Pre-releases count only when
 * asked for or named in the range. Throws `inputInvalid` for a range that is none, `notFound` with what there is.
 */
export async function chooseVersion(
  source: ContentSource,
  range: string,
  { prerelease, signal }: { prerelease: boolean; signal: AbortSignal },
): Promise<TagName> {
  const wanted = semver.validRange(range)
  if (wanted === null) {
    throw new ClientError('inputInvalid', `"${range}" is not a range of versions.`, {
      next: 'Write it as "^1.4", "1.x" or ">=2.1 <3".',
    })
  }
  const versions: { tag: TagName; version: semver.SemVer }[] = []
  for await (const tag of source.listTags(signal)) {
    const version = semver.parse(tag)
    if (version !== null) versions.push({ tag, version })
  }
  versions.sort((a, b) => semver.rcompare(a.version, b.version))
  const options = { includePrerelease: prerelease }
  const found = versions.find(({ version }) => semver.satisfies(version, wanted, options))
  if (found !== undefined) return found.tag
  const there = versions.slice(0, 5).map(({ tag }) => tag)
  throw new ClientError('notFound', `${source.name} has no version in the range ${range}.`, {
    next:
      there.length === 0
        ? 'None of its tags is a version such as 1.4.2.'
        : `Its newest versions are ${there.join(', ')}.`,
  })
}
