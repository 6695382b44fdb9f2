import { type ExpressionBuilder, sql } from 'kysely'
import type { Executor } from './database.ts'
import { namesFrom } from './name-range.ts'
import type { Schema } from './schema.ts'

/** One repository, or all those of a project and below it by the project's name. */
export type Scope = { readonly repositoryId: number } | { readonly project: string }

export type Sized = { readonly digest: string; readonly size: number }

type Position = { readonly after: string; readonly limit: number }

/** Blobs that a repository holds, by digest. */
export function blobsOf(db: Executor, repositoryId: number, page: Position): Promise<Sized[]> {
  return db
    .selectFrom('repository_blobs')
    .innerJoin('blobs', 'blobs.digest', 'repository_blobs.digest')
    .select(['repository_blobs.digest', 'blobs.size'])
    .where('repository_blobs.repository_id', '=', repositoryId)
    .where('repository_blobs.digest', '>', page.after)
    .orderBy('repository_blobs.digest')
    .limit(page.limit)
    .execute()
}

/** Blobs that any repository holds, by digest, added up: `last` is that of the last one, and `null` when there was none. */
export function sumOfHeldBlobs(
  db: Executor,
  page: Position,
): Promise<{ bytes: number; count: number; last: string | null }> {
  return db
    .selectFrom((held) =>
      held
        .selectFrom('blobs')
        .select(['digest', 'size'])
        .where('digest', '>', page.after)
        .where(({ exists, selectFrom }) =>
          exists(
            selectFrom('repository_blobs')
              .select(sql<number>`1`.as('one'))
              .whereRef('repository_blobs.digest', '=', 'blobs.digest'),
          ),
        )
        .orderBy('digest')
        .limit(page.limit)
        .as('held'),
    )
    .select((eb) => [
      sql<number>`coalesce(cast(sum(held.size) as bigint), 0)`.as('bytes'),
      eb.fn.countAll<number>().as('count'),
      eb.fn.max('held.digest').as('last'),
    ])
    .executeTakeFirstOrThrow()
}

/** Manifests of a repository, by digest. */
export function manifestsOf(db: Executor, repositoryId: number, page: Position): Promise<Sized[]> {
  return db
    .selectFrom('manifests')
    .select(['digest', 'size'])
    .where('repository_id', '=', repositoryId)
    .where('digest', '>', page.after)
    .orderBy('digest')
    .limit(page.limit)
    .execute()
}

/** Repositories of a project and below it, by name. */
export function repositoriesWithin(
  db: Executor,
  project: string,
  page: Position,
): Promise<{ id: number; name: string }[]> {
  return db
    .selectFrom('repositories')
    .select(['id', 'name'])
    .where((eb) => within(eb, project))
    .where('name', '>', page.after)
    .orderBy('name')
    .limit(page.limit)
    .execute()
}

/** Those of a few digests that a repository outside the scope holds as well. */
export async function heldOutside(
  db: Executor,
  digests: readonly string[],
  scope: Scope,
): Promise<Set<string>> {
  if (digests.length === 0) return new Set()
  const rows = await db
    .selectFrom('blobs')
    .select('digest')
    .where('digest', 'in', digests)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('repository_blobs')
          .innerJoin('repositories', 'repositories.id', 'repository_blobs.repository_id')
          .select(sql<number>`1`.as('one'))
          .whereRef('repository_blobs.digest', '=', 'blobs.digest')
          .where((eb) =>
            'project' in scope
              ? eb.not(within(eb, scope.project))
              : eb('repositories.id', '<>', scope.repositoryId),
          ),
      ),
    )
    .execute()
  return new Set(rows.map(({ digest }) => digest))
}

/** Those of a few digests that are blobs of the repository. */
export function blobsAmong(
  db: Executor,
  repositoryId: number,
  digests: readonly string[],
): Promise<Sized[]> {
  if (digests.length === 0) return Promise.resolve([])
  return db
    .selectFrom('repository_blobs')
    .innerJoin('blobs', 'blobs.digest', 'repository_blobs.digest')
    .select(['repository_blobs.digest', 'blobs.size'])
    .where('repository_blobs.repository_id', '=', repositoryId)
    .where('repository_blobs.digest', 'in', digests)
    .execute()
}

/** What keeps a manifest, besides those that list it; `undefined` when absent. */
export async function manifestOf(
  db: Executor,
  repositoryId: number,
  digest: string,
): Promise<{ size: number; subject: string | null; tags: number } | undefined> {
  const row = await db
    .selectFrom('manifests')
    .select(['size', 'subject_digest as subject'])
    .select((eb) =>
      eb
        .selectFrom((some) =>
          some
            .selectFrom('tags')
            .select('name')
            .where('repository_id', '=', repositoryId)
            .where('manifest_digest', '=', digest)
            .limit(2)
            .as('some'),
        )
        .select((count) => count.fn.countAll<number>().as('count'))
        .as('tags'),
    )
    .where('repository_id', '=', repositoryId)
    .where('digest', '=', digest)
    .executeTakeFirst()
  return row && { ...row, tags: row.tags ?? 0 }
}

/** The manifest that a tag points at. */
export async function targetOf(
  db: Executor,
  repositoryId: number,
  tag: string,
): Promise<string | undefined> {
  const row = await db
    .selectFrom('tags')
    .select('manifest_digest')
    .where('repository_id', '=', repositoryId)
    .where('name', '=', tag)
    .executeTakeFirst()
  return row?.manifest_digest
}

/** What a manifest refers to. */
export async function referencesOf(
  db: Executor,
  repositoryId: number,
  manifest: string,
  limit: number,
): Promise<string[]> {
  const rows = await db
    .selectFrom('manifest_references')
    .select('digest')
    .where('repository_id', '=', repositoryId)
    .where('manifest_digest', '=', manifest)
    .limit(limit)
    .execute()
  return rows.map(({ digest }) => digest)
}

/** Whether a manifest of the repository that is not one of `besides` refers to the digest. */
export async function isReferencedBesides(
  db: Executor,
  repositoryId: number,
  digest: string,
  besides: ReadonlySet<string>,
): Promise<boolean> {
  const rows = await db
    .selectFrom('manifest_references')
    .select('manifest_digest')
    .where('repository_id', '=', repositoryId)
    .where('digest', '=', digest)
    // One more than are left out: that one at least is another.
    .limit(besides.size + 1)
    .execute()
  return rows.some((row) => !besides.has(row.manifest_digest))
}

function within(
  eb: ExpressionBuilder<Pick<Schema, 'repositories'>, 'repositories'>,
  project: string,
) {
  const { from, before } = namesFrom(`${project}/`)
  return eb.or([
    eb('repositories.name', '=', project),
    eb.and([eb('repositories.name', '>=', from), eb('repositories.name', '<', before)]),
  ])
}
