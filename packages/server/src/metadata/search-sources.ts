import type { Executor } from './database.ts'

const atOnce = 200

/** Names after `after` in byte order, each once. The root project has none. */
export async function namesToIndex(
  db: Executor,
  kind: 'project' | 'repository' | 'tag' | 'package',
  after: string,
): Promise<string[]> {
  const table = (
    { project: 'projects', repository: 'repositories', tag: 'tags', package: 'packages' } as const
  )[kind]
  const rows = await db
    .selectFrom(table)
    .select('name')
    .distinct()
    .where('name', '>', after)
    .orderBy('name')
    .limit(atOnce)
    .execute()
  return rows.map((row) => row.name)
}

/** Manifests after `after`, which is a repository's id, a space and a digest, or empty. */
export function manifestsToIndex(
  db: Executor,
  after: string,
): Promise<
  {
    repository_id: number
    repository: string
    digest: string
    media_type: string
    annotations: string | null
  }[]
> {
  const [id = '0', digest = ''] = after.split(' ')
  return db
    .selectFrom('manifests')
    .innerJoin('repositories', 'repositories.id', 'manifests.repository_id')
    .select([
      'manifests.repository_id',
      'repositories.name as repository',
      'manifests.digest',
      'manifests.media_type',
      'manifests.annotations',
    ])
    .where(({ eb, refTuple, tuple }) =>
      eb(
        refTuple('manifests.repository_id', 'manifests.digest'),
        '>',
        tuple(Number(id) || 0, digest),
      ),
    )
    .orderBy('manifests.repository_id')
    .orderBy('manifests.digest')
    .limit(atOnce)
    .execute()
}
