import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ClientError } from '@berth/client/client-error.ts'
import { parseImageReference, type RepositoryAddress } from '@berth/client/image-reference.ts'
import type { Digest } from '@berth/oci/digest.ts'
import type { TagName } from '@berth/oci/reference.ts'
import type { LockFile } from '../lock/lock-file.ts'

/** Says which file pins an image; `undefined` when none does. */
export type FindLock = (
  address: RepositoryAddress,
  image: { readonly digest: Digest; readonly tags: readonly TagName[] },
) => string | undefined

/**
 * Reads the lock files that were named, or `build-lock.json` of the folder when there is one. An image is pinned by its
 * digest, in whatever repository it is, and by its tag. Throws `notFound` for a named file that is not there,
 * `inputInvalid` for what is no lock file.
 */
export async function readLocks(
  named: readonly string[] | undefined,
  cwd: string,
): Promise<FindLock> {
  for (const file of named ?? []) {
    const isThere = await access(resolve(cwd, file)).then(
      () => true,
      () => false,
    )
    if (!isThere) throw new ClientError('notFound', `There is no lock file ${file}.`)
  }
  // Loaded here: what checks the file takes longer to load than all the rest of the command.
  const { lockFileName, readLockFile } = await import('../lock/lock-file.ts')
  const files = named ?? [lockFileName]
  const pins = new Map<string, string>()
  for (const file of files) pin(pins, await readLockFile(resolve(cwd, file)), file)
  return ({ registry, repository }, { digest, tags }) =>
    pins.get(digest) ??
    tags
      .map((tag) => pins.get(`${registry}/${repository}:${tag}`))
      .find((file) => file !== undefined)
}

function pin(pins: Map<string, string>, lock: LockFile, file: string): void {
  for (const [name, image] of Object.entries(lock.images)) {
    pins.set(image.digest, file)
    for (const { digest } of image.platforms) pins.set(digest, file)
    const { registry, repository, tag } = parseImageReference(name)
    if (tag !== undefined) pins.set(`${registry}/${repository}:${tag}`, file)
    if (image.base?.digest !== undefined) pins.set(image.base.digest, file)
  }
  for (const service of Object.values(lock.services)) {
    pins.set(service.digest, file)
    for (const { digest } of service.platforms) pins.set(digest, file)
    if (service.base?.digest !== undefined) pins.set(service.base.digest, file)
  }
}
