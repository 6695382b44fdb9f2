import type { RepositoryName } from '@berth/oci/reference.ts'
import type { Caller } from '../access/caller.ts'
import type { Executor } from '../metadata/database.ts'
import { tagsLeadingTo } from '../metadata/findings-overview.ts'
import { type PackageHolder, holdersOf } from '../metadata/packages.ts'

const holdersAtOnce = 100
const tagsMax = 10

export type HolderPlace = { digest: string; repository: string }

/**
 * Images that contain a package, of those that the caller may pull, after `from`. `next` is set when `limit` items or `looks`
 * places were reached before the end.
 */
export async function collectHolders(
  db: Executor,
  caller: Caller,
  query: {
    package: number
    from: HolderPlace
    limit: number
    looks: number
    isWanted?: (repository: string) => boolean
  },
): Promise<{
  items: (PackageHolder & { tags: string[] })[]
  looks: number
  next: HolderPlace | undefined
}> {
  const items: (PackageHolder & { tags: string[] })[] = []
  let after = query.from
  let looks = 0
  for (;;) {
    const holders = await holdersOf(db, { package: query.package, after, limit: holdersAtOnce })
    for (const holder of holders) {
      if (items.length >= query.limit || looks >= query.looks) return { items, looks, next: after }
      looks += 1
      after = { digest: holder.digest, repository: holder.repository }
      if (query.isWanted?.(holder.repository) === false) continue
      if (!(await caller.may('pull', holder.repository as RepositoryName))) continue
      const { repositoryId, digest } = holder
      items.push({ ...holder, tags: await tagsLeadingTo(db, repositoryId, digest, tagsMax) })
    }
    if (holders.length < holdersAtOnce) return { items, looks, next: undefined }
  }
}
