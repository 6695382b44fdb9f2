import { PackageURL } from 'packageurl-js'
import type { Distribution, PackageKind } from './package.ts'

/**
 * The package URL of a package, such as `pkg:deb/debian/zlib1g@1:1.2.11?arch=amd64&distro=debian-11`. `namespace` is the
 * distribution's id for its packages; for languages it is taken from the name.
 */
export function packageUrl(parts: {
  kind: PackageKind
  name: string
  version: string
  namespace?: string | undefined
  qualifiers?: Readonly<Record<string, string | undefined>>
}): string {
  const { namespace, name } = split(parts)
  const qualifiers = Object.fromEntries(
    Object.entries(parts.qualifiers ?? {}).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
    ),
  )
  return new PackageURL(
    parts.kind,
    namespace,
    name,
    parts.version === '' ? undefined : parts.version,
    Object.keys(qualifiers).length === 0 ? undefined : qualifiers,
    undefined,
  ).toString()
}

/**
 * The package URL of a distribution's package with what its database does not tell: the distribution as namespace and
 * `distro` (`debian-12`). One that has a namespace already stays as it is.
 */
export function completePurl(purl: string, distribution: Distribution | undefined): string {
  if (distribution === undefined) return purl
  const parsed = PackageURL.fromString(purl)
  if (parsed.namespace !== undefined && parsed.namespace !== null) return purl
  const { id, version } = distribution
  return new PackageURL(
    parsed.type,
    id,
    parsed.name,
    parsed.version,
    { ...parsed.qualifiers, distro: version === '' ? id : `${id}-${version}` },
    undefined,
  ).toString()
}

function split(parts: { kind: PackageKind; name: string; namespace?: string | undefined }): {
  namespace: string | undefined
  name: string
} {
  if (parts.namespace !== undefined) return { namespace: parts.namespace, name: parts.name }
  const separator = parts.kind === 'maven' ? ':' : '/'
  const at = parts.name.lastIndexOf(separator)
  if (at === -1) return { namespace: undefined, name: parts.name }
  return { namespace: parts.name.slice(0, at), name: parts.name.slice(at + 1) }
}
