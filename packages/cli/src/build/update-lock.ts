import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { formatRepositoryAddress } from '@berth/client/image-reference.ts'
import { isDigest } from '@berth/oci/digest.ts'
import { lockFileName, readLockFile, recordBuild, writeLockFile } from '../lock/lock-file.ts'
import type { BuildPlan } from './build-plan.ts'
import type { Built } from './build-work.ts'

/** Notes what was pushed in the lock file beside `berth.yaml`; `false` when there is none. */
export async function updateLock(
  { file, git, epoch }: BuildPlan,
  pushed: readonly Built[],
): Promise<boolean> {
  const path = join(file.folder, lockFileName)
  const isThere = await access(path).then(
    () => true,
    () => false,
  )
  if (!isThere) return false
  let lock = await readLockFile(path)
  for (const { plan, root, platforms } of pushed) {
    // Images of one base show it by the same lowest layers; where they tell it, it is told here.
    const base = platforms.find((each) => each.base !== undefined)?.base
    lock = recordBuild(lock, {
      service: plan.service.name,
      image: formatRepositoryAddress(plan.service.address),
      digest: root.descriptor.digest,
      mediaType: root.descriptor.mediaType,
      tags: plan.tags,
      revision: git.revision,
      builtAt: epoch === undefined ? new Date() : new Date(epoch * 1000),
      platforms: platforms.map(({ platform, digest }) => ({ platform, digest })),
      ...(base !== undefined && {
        base: {
          name: base.name,
          ...(base.digest !== undefined && isDigest(base.digest) && { digest: base.digest }),
        },
      }),
    })
  }
  await writeLockFile(path, lock)
  return true
}
