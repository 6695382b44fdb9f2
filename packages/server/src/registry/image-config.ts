import type { Descriptor } from '@berth/oci/descriptor.ts'
import { isJsonObject, type JsonObject, parseGuardedJson } from '@berth/oci/json-guard.ts'
import { OciError } from '@berth/oci/oci-error.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import { BerthError } from '../errors.ts'
import type { Blobs } from './blobs.ts'
import { readBlob } from './read-blob.ts'

const imageConfigs = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
])
/** The most of a config that is read. */
export const configMaxBytes = 4 << 20

/** Whether a config of this media type is that of an image: artifacts keep something else in theirs. */
export function isImageConfigMediaType(mediaType: string): boolean {
  return imageConfigs.has(mediaType)
}

/** The config of an image as JSON, or why there is none: `unreadable` completes the sentence "The config …". */
export type ImageConfig =
  | { readonly config: JsonObject; readonly unreadable: undefined }
  | { readonly config: undefined; readonly unreadable: string }

/**
 * Reads the config of an image, which is a stranger's: it may be anything of any size, and it may be gone. Only up to
 * 4 MiB are read, and whatever is wrong is an answer and no error. `undefined` when this is no image: artifacts keep
 * something else in their config.
 */
export async function readImageConfig(
  blobs: Blobs,
  repository: RepositoryName,
  descriptor: Descriptor | undefined,
): Promise<ImageConfig | undefined> {
  if (!descriptor || !isImageConfigMediaType(descriptor.mediaType)) return undefined
  try {
    const bytes = await readBlob(blobs, repository, descriptor, configMaxBytes)
    if (bytes === undefined) return unreadable(`is larger than ${configMaxBytes >> 20} MiB`)
    const config = parseGuardedJson(bytes)
    return isJsonObject(config) ? { config, unreadable: undefined } : unreadable('is not an object')
  } catch (error) {
    if (error instanceof BerthError && error.kind === 'blobUnknown') {
      return unreadable('is not in the repository or is damaged')
    }
    if (error instanceof OciError) return unreadable('is not JSON that Berth reads')
    throw error
  }
}

function unreadable(reason: string): ImageConfig {
  return { config: undefined, unreadable: reason }
}
