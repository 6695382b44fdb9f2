import { ClientError, isClientError } from '@berth/client/client-error.ts'
import {
  formatImageReference,
  type ImageReference,
  parseImageReference,
} from '@berth/client/image-reference.ts'
import { parseTagName, type TagName } from '@berth/oci/reference.ts'
import type { LockFile } from '../lock/lock-file.ts'

/**
 * The images that a lock file pins, each with its digest: those that are named, as an image or as a service, or all of
 * them. Throws `notFound` for a name that it does not pin, `inputInvalid` when it is no lock file.
 */
export async function lockedImages(
  path: string,
  names: readonly string[],
): Promise<readonly ImageReference[]> {
  // Loaded here: what checks the file takes longer to load than all the rest of the command.
  const { readLockFile } = await import('../lock/lock-file.ts')
  const lock = await readLockFile(path)
  if (names.length > 0) return names.map((name) => pinnedBy(lock, name, path))
  const all = [
    ...Object.keys(lock.images).map((name) => pinnedBy(lock, name, path)),
    ...Object.keys(lock.services).map((name) => pinnedBy(lock, name, path)),
  ]
  const [first] = all
  if (first === undefined) {
    throw new ClientError('notFound', `${path} pins no image.`, { next: 'Run "berth lock" first.' })
  }
  return all
}

function pinnedBy(lock: LockFile, name: string, path: string): ImageReference {
  const service = Object.hasOwn(lock.services, name) ? lock.services[name] : undefined
  if (service !== undefined) {
    const { registry, repository } = parseImageReference(service.image)
    return { registry, repository, tag: firstTag(service.tags), digest: service.digest }
  }
  const reference = parseImageReference(name)
  const full = formatImageReference({ ...reference, tag: reference.tag ?? parseTagName('latest') })
  for (const key of [name, formatImageReference(reference), full]) {
    const image = Object.hasOwn(lock.images, key) ? lock.images[key] : undefined
    if (image !== undefined) return { ...parseImageReference(key), digest: image.digest }
  }
  const there = [...Object.keys(lock.images), ...Object.keys(lock.services)].slice(0, 5)
  throw new ClientError('notFound', `${path} does not pin ${name}.`, {
    next: there.length === 0 ? 'It pins nothing.' : `It pins ${there.join(', ')}.`,
  })
}

function firstTag(tags: readonly string[]): TagName | undefined {
  const [tag] = tags
  if (tag === undefined) return undefined
  try {
    return parseImageReference(`localhost/any:${tag}`).tag
  } catch (error) {
    if (isClientError(error)) return undefined
    throw error
  }
}
