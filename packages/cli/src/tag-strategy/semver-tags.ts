import semver from 'semver'

/** What a version asks for: the tag of itself and its shorter forms, each with why it is set or left out. */
type VersionTag = { readonly tag: string; readonly isSet: boolean; readonly reason: string }

/** Reads a version by semantic versioning 2.0.0; a `v` before it is taken off. `undefined` when it is none. */
export function parseVersion(text: string): semver.SemVer | undefined {
  const bare = text.replace(/^v(?=\d)/, '')
  return /^\d/.test(bare) ? (semver.parse(bare) ?? undefined) : undefined
}

/** The version as a tag: `+`, which no tag may hold, becomes `_`. */
function versionTag(version: semver.SemVer): string {
  const build = version.build.length === 0 ? '' : `_${version.build.join('.')}`
  return `${version.version}${build}`
}

/**
 * The tags of a version: `1.2.3`, `1.2`, `1`. A pre-release gets only itself. A shorter form is set only when the
 * version is the highest of its line among the tags of the registry, so that it never moves backwards.
 */
export function versionTags(
  version: semver.SemVer,
  existing: ReadonlySet<string>,
): readonly VersionTag[] {
  const full: VersionTag = {
    tag: versionTag(version),
    isSet: true,
    reason: `version ${version.raw}`,
  }
  if (version.prerelease.length > 0) return [full]
  const { major, minor } = version
  return [
    full,
    shorter(`${major}.${minor}`, version, existing),
    major === 0
      ? {
          tag: '0',
          isSet: false,
          reason: 'versions 0.x promise each other nothing, so there is no tag for all of them',
        }
      : shorter(`${major}`, version, existing),
  ]
}

/** Whether setting this tag to this version would move a shorter form of it backwards: the higher version that forbids it. */
export function higherInLine(
  line: string,
  version: semver.SemVer,
  existing: Iterable<string>,
): string | undefined {
  let highest: semver.SemVer | undefined
  for (const tag of existing) {
    const other = parseVersion(tag.replace('_', '+'))
    if (other === undefined || other.prerelease.length > 0 || !isOfLine(other, line)) continue
    if (highest === undefined || compareVersions(other, highest) > 0) highest = other
  }
  return highest !== undefined && compareVersions(highest, version) > 0
    ? versionTag(highest)
    : undefined
}

/** By precedence, then by build metadata, so that the order is the same everywhere. */
export function compareVersions(left: semver.SemVer, right: semver.SemVer): number {
  return left.compare(right) || left.compareBuild(right)
}

/** Whether the version belongs to `1`, `1.2` or, for the empty line, to all. */
function isOfLine({ major, minor }: semver.SemVer, line: string): boolean {
  return line === '' || line === `${major}` || line === `${major}.${minor}`
}

function shorter(line: string, version: semver.SemVer, existing: ReadonlySet<string>): VersionTag {
  const higher = higherInLine(line, version, existing)
  return higher === undefined
    ? { tag: line, isSet: true, reason: `${version.version} is the highest ${line}` }
    : { tag: line, isSet: false, reason: `the registry has ${higher}, which is higher` }
}
