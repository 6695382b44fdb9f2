import { formatRepositoryAddress, type RepositoryAddress } from '@berth/client/image-reference.ts'
import type { BuildRun } from './build-run.ts'
import type { Builder } from './builder.ts'

type RemovedImages = {
  readonly repository: string
  readonly removed: readonly string[]
  /** In use, so they stay. */
  readonly kept: readonly string[]
}

/** Removes the images of a repository in the builder's own storage, all but the newest `keep`, and none that is in use. */
export async function removeOldImages(
  builder: Builder,
  address: RepositoryAddress,
  keep: number,
  run: BuildRun,
): Promise<RemovedImages> {
  const repository = formatRepositoryAddress(address)
  const images = await builder.listLocal(repository, run)
  const removed: string[] = []
  const kept: string[] = []
  for (const image of images.slice(keep)) {
    const isGone = await builder.removeLocal(image, run)
    const target = isGone ? removed : kept
    target.push(...image.names)
  }
  return { repository, removed, kept }
}
