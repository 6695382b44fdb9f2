import { readJarName } from './file-name.ts'
import { knownGroup } from './groups.ts'
import type { Coordinates } from './properties.ts'

/** What an archive is. `group` is absent where nothing tells it. */
export type Identity = Omit<Coordinates, 'group'> & { readonly group?: string }

/**
 * What an archive without properties of Maven is, by its manifest and its file name; undefined when no version or no
 * name is to be had. A file name with a version was given by a build tool: its name is the artifact's, while titles in
 * manifests are prose. Bundle versions come late, since OSGi spells `31.1-jre` as `31.1.0.jre`.
 */
export function identify(
  manifest: ReadonlyMap<string, string>,
  fileName: string,
): Identity | undefined {
  const fromFile = readJarName(fileName)
  const symbolicName = manifest.get('bundle-symbolicname')?.split(';')[0]?.trim()
  const version = [
    fromFile.version,
    manifest.get('implementation-version'),
    manifest.get('plugin-version'),
    manifest.get('bundle-version'),
    manifest.get('specification-version'),
  ].find((value) => value !== undefined && /^v?\d[\w.+~-]{0,127}$/.test(value))
  if (version === undefined) return undefined
  const artifact = [
    fromFile.version === undefined ? undefined : fromFile.artifact,
    manifest.get('implementation-title'),
    manifest.get('short-name'),
    knownGroup(fromFile.artifact, version) === undefined ? undefined : fromFile.artifact,
    symbolicName?.split('.').at(-1),
    fromFile.artifact,
  ].find((value) => value !== undefined && /^[A-Za-z][\w.-]{0,127}$/.test(value))
  if (artifact === undefined) return undefined
  const group =
    knownGroup(artifact, version) ??
    [manifest.get('implementation-vendor-id'), manifest.get('group-id')].find(isGroup) ??
    groupOfBundle(symbolicName, artifact)
  return { artifact, version, ...(group === undefined ? {} : { group }) }
}

/** Vendors so large that their own name is the group of nothing. */
const vendors = ['com.google', 'com.ibm', 'com.oracle', 'com.sun', 'org.apache', 'org.eclipse']

function isGroup(value: string | undefined): value is string {
  return (
    value !== undefined &&
    /^[a-z][\w-]*(?:\.[\w-]+)+$/i.test(value) &&
    value.length < 128 &&
    !vendors.includes(value)
  )
}

/**
 * Symbolic names mostly end as the artifact does: `org.apache.logging.log4j.core` of `log4j-core`,
 * `com.fasterxml.jackson.core.jackson-databind`. What comes before the last part is the group then, unless that is no more
 * than a top-level domain (`org.jsoup`). Others are the group itself: `com.google.inject` of `guice`.
 */
function groupOfBundle(symbolicName: string | undefined, artifact: string): string | undefined {
  if (!isGroup(symbolicName)) return undefined
  const parts = symbolicName.split('.')
  const isOfArtifact = parts.some((_, at) => parts.slice(at).join('-') === artifact)
  return isOfArtifact && parts.length > 2 ? parts.slice(0, -1).join('.') : symbolicName
}
