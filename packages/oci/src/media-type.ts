/** The media types a registry must know by name (image-spec media-types.md; Docker's from its schema 2 documents). */
export const OCI_IMAGE_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
export const OCI_IMAGE_INDEX = 'application/vnd.oci.image.index.v1+json'
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'
export const DOCKER_MANIFEST_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json'

const schema1 = new Set([
  'application/vnd.docker.distribution.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v1+prettyjws',
])
const foreignLayers = new Set([
  'application/vnd.oci.image.layer.nondistributable.v1.tar',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
  'application/vnd.docker.image.rootfs.foreign.diff.tar',
  'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
])
const unspecific = new Set([
  'application/json',
  'application/octet-stream',
  'application/x-www-form-urlencoded',
  'text/plain',
])
/** Spelled in lower case by everyone who knows them, so a client's other spelling is put right. */
const known = new Set([
  OCI_IMAGE_MANIFEST,
  OCI_IMAGE_INDEX,
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  ...schema1,
])
/** RFC 6838, section 4.2: `type/subtype`, each of at most 127 restricted characters. */
const grammar = /^[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]{0,126}\/[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+-]{0,126}$/

/** Whether the media type is an OCI index or Docker's manifest list. */
export function isIndexMediaType(mediaType: string): boolean {
  return mediaType === OCI_IMAGE_INDEX || mediaType === DOCKER_MANIFEST_LIST
}

/** Whether the media type is an OCI image manifest or Docker's manifest, schema 2. */
export function isImageManifestMediaType(mediaType: string): boolean {
  return mediaType === OCI_IMAGE_MANIFEST || mediaType === DOCKER_MANIFEST
}

/** Whether a descriptor of this media type names a layer that is fetched from its `urls` and need not be pushed. */
export function isForeignLayer(mediaType: string): boolean {
  return foreignLayers.has(mediaType)
}

/** Whether the media type is Docker's manifest, schema 1, plain or signed; Berth refuses those. */
export function isSchema1(mediaType: string): boolean {
  return schema1.has(mediaType)
}

/** Whether a `Content-Type` only says how the bytes are written: what tools send when nobody told them a type. */
export function isUnspecific(mediaType: string): boolean {
  return unspecific.has(mediaType.toLowerCase())
}

/** Whether the text can stand in a `Content-Type` header as it is: `type/subtype` without parameters. */
export function isMediaType(text: string): boolean {
  return grammar.test(text)
}

/**
 * The media type of a `Content-Type` header: parameters and surrounding space cut off; `undefined` when nothing is left.
 * Names compare without regard to case, so those of manifests come out in lower case. Any other keeps its spelling,
 * because it is served back as it was pushed. The result is not checked: see `isMediaType`.
 */
export function parseMediaType(contentType: string | undefined): string | undefined {
  if (contentType === undefined) return undefined
  if (known.has(contentType)) return contentType
  const semicolon = contentType.indexOf(';')
  const bare = (semicolon === -1 ? contentType : contentType.slice(0, semicolon)).trim()
  if (bare === '') return undefined
  const lower = bare.toLowerCase()
  return known.has(lower) ? lower : bare
}
