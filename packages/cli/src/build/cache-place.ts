import { parseImageReference, formatRepositoryAddress } from '@berth/client/image-reference.ts'

/** For buildx: a bare repository becomes a cache of its own in the registry, with the layers of all stages. */
export function buildxCache(place: string, direction: 'from' | 'to'): string {
  if (place.includes('=')) return place
  const { registry, repository, tag } = parseImageReference(place)
  const ref = `${registry}/${repository}:${tag ?? 'buildcache'}`
  return `type=registry,ref=${ref}${direction === 'to' ? ',mode=max,image-manifest=true,oci-mediatypes=true' : ''}`
}

/** For buildah and podman, which take a repository and name each layer in it by a tag of their own. */
export function repositoryCache(place: string): string {
  return formatRepositoryAddress(parseImageReference(registryReference(place)))
}

/** For docker's classic builder, which takes an image and uses its layers. */
export function imageCache(place: string): string {
  return registryReference(place)
}

/** Whether the place is one that only buildx knows: a folder, GitHub's cache, a bucket. */
export function isForBuildxOnly(place: string): boolean {
  return place.includes('=') && !/(?:^|,)type=registry(?:,|$)/.test(place)
}

function registryReference(place: string): string {
  return /(?:^|,)ref=([^,]+)/.exec(place)?.[1] ?? place
}
