import { sql } from 'kysely'
import { type Executor, type Transaction, inPortions } from './database.ts'
import type { PackagesTable } from './scan-schema.ts'

/** A distinct package as matching sees it. */
export type PackageRow = Omit<PackagesTable, 'id' | 'data_revision'> & { id: number }

export type NewPackage = Omit<PackageRow, 'id'>

const columns = [
  'packages.id',
  'packages.key',
  'packages.kind',
  'packages.release',
  'packages.name',
  'packages.artifact',
  'packages.version',
  'packages.source_name',
  'packages.source_version',
  'packages.is_third_party',
  'packages.modularity',
] as const

const trimmedAtOnce = 500

/** The ids of these packages by key, which are added where they are new. */
export async function ensurePackages(
  tx: Transaction,
  packages: readonly NewPackage[],
): Promise<Map<string, number>> {
  const ids = new Map<string, number>()
  // In one order, so that two that add the same packages cannot hold each other up.
  const sorted = packages.toSorted((a, b) => (a.key < b.key ? -1 : 1))
  await inPortions(sorted, async (portion) => {
    const keys = portion.map(({ key }) => key)
    const read = () => tx.selectFrom('packages').select(['id', 'key']).where('key', 'in', keys)
    for (const { id, key } of await read().execute()) ids.set(key, id)
    const missing = portion.filter(({ key }) => !ids.has(key))
    if (missing.length === 0) return
    await tx
      .insertInto('packages')
      .values(missing.map((one) => ({ ...one, data_revision: 0 })))
      .onConflict((conflict) => conflict.column('key').doNothing())
      .execute()
    for (const { id, key } of await read().execute()) ids.set(key, id)
  })
  return ids
}

/** Makes these the packages of an image. */
export async function replaceImagePackages(
  tx: Transaction,
  digest: string,
  ids: readonly number[],
): Promise<void> {
  await tx.deleteFrom('image_packages').where('image_digest', '=', digest).execute()
  await inPortions(
    ids.map((id) => ({ image_digest: digest, package_id: id })),
    (portion) => tx.insertInto('image_packages').values(portion).execute(),
  )
}

/** Packages that were compared with older advisories than `revision`, by id. */
export function packagesBehind(
  db: Executor,
  query: { revision: number; after: number; limit: number },
): Promise<PackageRow[]> {
  return db
    .selectFrom('packages')
    .select(columns)
    .where('data_revision', '<', query.revision)
    .where('id', '>', query.after)
    .orderBy('id')
    .limit(query.limit)
    .execute()
}

/** As `packagesBehind`, of one image. */
export function imagePackagesBehind(
  db: Executor,
  query: { digest: string; revision: number; limit: number },
): Promise<PackageRow[]> {
  return db
    .selectFrom('image_packages')
    .innerJoin('packages', 'packages.id', 'image_packages.package_id')
    .select(columns)
    .where('image_packages.image_digest', '=', query.digest)
    .where('packages.data_revision', '<', query.revision)
    .orderBy('packages.id')
    .limit(query.limit)
    .execute()
}

export async function setPackageRevision(
  tx: Transaction,
  ids: readonly number[],
  revision: number,
): Promise<void> {
  await inPortions(ids, (portion) =>
    tx
      .updateTable('packages')
      .set({ data_revision: revision })
      .where('id', 'in', portion)
      .execute(),
  )
}

/** Packages of this name, of maven also by the artifact alone, or of this source package; by id after `after`. */
export function packagesNamed(
  db: Executor,
  query: { name: string; kind: string | undefined; after: number; limit: number },
): Promise<PackageRow[]> {
  const { name, kind, after } = query
  return db
    .selectFrom('packages')
    .select(columns)
    .where((eb) =>
      eb.or([eb('name', '=', name), eb('source_name', '=', name), eb('artifact', '=', name)]),
    )
    .$if(kind !== undefined, (builder) => builder.where('kind', '=', kind ?? ''))
    .where('id', '>=', after)
    .orderBy('id')
    .limit(query.limit)
    .execute()
}

export type PackageHolder = {
  repositoryId: number
  repository: string
  digest: string
  platform: string | null
}

/** Images in repositories that contain the package, by digest and repository after `after`. */
export function holdersOf(
  db: Executor,
  query: { package: number; after: { digest: string; repository: string }; limit: number },
): Promise<PackageHolder[]> {
  const { after } = query
  return db
    .selectFrom('image_packages')
    .innerJoin('images', 'images.digest', 'image_packages.image_digest')
    .innerJoin('manifests', 'manifests.digest', 'images.digest')
    .innerJoin('repositories', 'repositories.id', 'manifests.repository_id')
    .select([
      'repositories.id as repositoryId',
      'repositories.name as repository',
      'images.digest',
      'images.platform',
    ])
    .where('image_packages.package_id', '=', query.package)
    .where(({ eb, refTuple, tuple }) =>
      eb(
        refTuple('image_packages.image_digest', 'repositories.name'),
        '>',
        tuple(after.digest, after.repository),
      ),
    )
    .orderBy('image_packages.image_digest')
    .orderBy('repositories.name')
    .limit(query.limit)
    .execute()
}

/** Removes some packages that no image has any more; how many. Call it until it is 0. */
export async function deleteUnusedPackages(tx: Transaction): Promise<number> {
  const rows = await tx
    .selectFrom('packages')
    .select('id')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('image_packages')
            .select(sql`1`.as('one'))
            .whereRef('image_packages.package_id', '=', 'packages.id'),
        ),
      ),
    )
    .limit(trimmedAtOnce)
    .execute()
  if (rows.length === 0) return 0
  const ids = rows.map((row) => row.id)
  const result = await tx.deleteFrom('packages').where('id', 'in', ids).executeTakeFirst()
  return Number(result.numDeletedRows)
}
