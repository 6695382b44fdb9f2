import type { RepositoryName } from '@berth/oci/reference.ts'
import type { Caller } from '../access/caller.ts'
import type { Executor } from '../metadata/database.ts'
import type { SearchScope } from '../metadata/search.ts'
import {
  type ContentPlace,
  findPackages,
  findVulnerabilities,
  placesOfPackage,
  placesOfVulnerability,
} from '../metadata/search-contents.ts'

/** How many images have it, of those that the caller may pull. */
export type ImageCount = { readonly count: number; readonly isMore: boolean }

export type ContentHit = {
  /** The word that was found. */
  readonly text: string
  readonly package: { readonly kind: string; readonly name: string } | null
  readonly vulnerability: string | null
  readonly images: ImageCount
}

/** Looked up before those are left out of which the caller may pull no image. */
const candidatesMax = 40
/** Places of each that are looked at. */
const placesMax = 200
const prefixMin = 3

/** What is inside images, found by the beginning or a part of its name. */
export class ContentSearch {
  readonly #db: Executor
  readonly #caller: Caller
  readonly #scope: SearchScope
  readonly #mayPull = new Map<string, boolean>()

  constructor(parts: { db: Executor; caller: Caller; scope: SearchScope }) {
    this.#db = parts.db
    this.#caller = parts.caller
    this.#scope = parts.scope
  }

  /** Packages that images of the caller contain. */
  async packages(text: string, match: 'prefix' | 'part', limit: number): Promise<ContentHit[]> {
    const hits: ContentHit[] = []
    for (const found of await findPackages(this.#db, { text, match }, candidatesMax)) {
      if (hits.length >= limit) break
      const images = await this.#count(
        await placesOfPackage(this.#db, found, this.#scope, placesMax),
      )
      const { kind, name } = found
      if (images) hits.push({ text: name, package: { kind, name }, vulnerability: null, images })
    }
    return hits
  }

  /** Vulnerabilities that images of the caller have. */
  async vulnerabilities(text: string, limit: number): Promise<ContentHit[]> {
    if (text.length < prefixMin) return []
    const hits: ContentHit[] = []
    const counted = new Map<string, ImageCount | undefined>()
    for (const { name, vulnerability } of await findVulnerabilities(
      this.#db,
      text,
      candidatesMax,
    )) {
      if (hits.length >= limit) break
      if (!counted.has(vulnerability)) {
        const places = await placesOfVulnerability(this.#db, vulnerability, this.#scope, placesMax)
        counted.set(vulnerability, await this.#count(places))
      }
      const images = counted.get(vulnerability)
      if (images) hits.push({ text: name, package: null, vulnerability, images })
    }
    return hits
  }

  /** `undefined` when there is none that the caller may pull. */
  async #count({
    places,
    isMore,
  }: {
    places: readonly ContentPlace[]
    isMore: boolean
  }): Promise<ImageCount | undefined> {
    const digests = new Set<string>()
    for (const { digest, repository } of places) {
      if (!digests.has(digest) && (await this.#may(repository))) digests.add(digest)
    }
    return digests.size === 0 ? undefined : { count: digests.size, isMore }
  }

  async #may(repository: string): Promise<boolean> {
    const known = this.#mayPull.get(repository)
    if (known !== undefined) return known
    const may = await this.#caller.may('pull', repository as RepositoryName)
    this.#mayPull.set(repository, may)
    return may
  }
}
