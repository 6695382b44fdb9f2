import { type RawBuilder, sql } from 'kysely'
import type { Executor } from './database.ts'
import { endOfPrefix, isOneOf } from './ranges.ts'
import { type SearchNeedle, type SearchScope, runSearch, terms } from './search.ts'

/** A package by name and kind. */
export type FoundPackage = { name: string; kind: string }

/** A vulnerability by one of its names. */
export type FoundVulnerability = { name: string; vulnerability: string }

/** Where images are that have something. */
export type ContentPlace = { digest: string; repository: string }

/** Words and places looked at: this bounds the work, whatever somebody looks for. */
const wordsMax = 200
const imagesMax = 2000

/** Packages by name, the ones that begin with it in order. */
export function findPackages(
  db: Executor,
  needle: SearchNeedle,
  limit: number,
): Promise<FoundPackage[]> {
  return runSearch(
    db,
    sql<FoundPackage>`select found.name, found.kind from (
        select distinct term.folded, packages.name, packages.kind
        from ${terms(db, 'package', needle, wordsMax)} as term
        join packages on packages.name = term.text
      ) as found order by found.folded, found.name, found.kind limit ${limit}`,
  )
}

/** Vulnerabilities of which a name begins with `prefix`, which is in small letters. */
export function findVulnerabilities(
  db: Executor,
  prefix: string,
  limit: number,
): Promise<FoundVulnerability[]> {
  return runSearch(
    db,
    sql<FoundVulnerability>`select name, vulnerability from vulnerability_names
      where folded >= ${prefix} and folded < ${endOfPrefix(prefix)}
      order by folded, vulnerability limit ${limit}`,
  )
}

/** Images that contain the package, in repositories of the scope. */
export function placesOfPackage(
  db: Executor,
  { name, kind }: FoundPackage,
  scope: SearchScope,
  limit: number,
): Promise<{ places: ContentPlace[]; isMore: boolean }> {
  return places(
    db,
    sql`select image_packages.image_digest as digest from packages
      join image_packages on image_packages.package_id = packages.id
      where packages.name = ${name} and packages.kind = ${kind} limit ${imagesMax}`,
    scope,
    limit,
  )
}

/** Images that have the vulnerability, in repositories of the scope. */
export function placesOfVulnerability(
  db: Executor,
  vulnerability: string,
  scope: SearchScope,
  limit: number,
): Promise<{ places: ContentPlace[]; isMore: boolean }> {
  return places(
    db,
    sql`select image_packages.image_digest as digest from package_findings
      join image_packages on image_packages.package_id = package_findings.package_id
      where package_findings.vulnerability = ${vulnerability} limit ${imagesMax}`,
    scope,
    limit,
  )
}

/** `isMore`: not all places were looked at. */
async function places(
  db: Executor,
  images: RawBuilder<unknown>,
  scope: SearchScope,
  limit: number,
): Promise<{ places: ContentPlace[]; isMore: boolean }> {
  const inScope =
    scope === 'all'
      ? sql`true`
      : isOneOf(db, sql`+${sql.ref('repositories.project_id')}`, scope.projects)
  const found = await runSearch(
    db,
    sql<ContentPlace>`select distinct place.digest, repositories.name as repository
      from (${images}) as place
      join manifests on manifests.digest = place.digest
      join repositories on repositories.id = manifests.repository_id
      where ${inScope} limit ${limit}`,
  )
  if (found.length === limit) return { places: found, isMore: true }
  const [looked] = await runSearch(
    db,
    sql<{ count: number }>`select count(*) as count from (${images}) as place`,
  )
  return { places: found, isMore: looked?.count === imagesMax }
}
