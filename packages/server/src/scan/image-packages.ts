import type { CataloguedPackage, PackageKind } from '@berth/scanner/package.ts'
import type { CatalogueDiff } from '@berth/scanner/sbom/diff.ts'
import type { Reference, RepositoryName } from '@berth/oci/reference.ts'
import { readCursor, writeCursor } from '../cursor.ts'
import type { ScannedImages } from './scanned-images.ts'

/** The packages in images. */
export class ImagePackages {
  readonly #images: ScannedImages

  constructor(parts: { images: ScannedImages }) {
    this.#images = parts.images
  }

  /** In the order of the catalogue. Throws as `ScannedImages.findCatalogued`, `requestInvalid` for a foreign `after`. */
  async list(
    repository: RepositoryName,
    reference: Reference,
    query: {
      platform?: string | undefined
      kind?: PackageKind | undefined
      name?: string | undefined
      after?: string | undefined
      limit: number
    },
  ): Promise<{ items: CataloguedPackage[]; next: string | null }> {
    const { catalogue } = await this.#images.findCatalogued(repository, reference, query.platform)
    const part = query.name?.toLowerCase()
    const found = catalogue.packages.filter(
      ({ kind, name }) =>
        (query.kind === undefined || kind === query.kind) &&
        (part === undefined || name.toLowerCase().includes(part)),
    )
    return pageOf(found, query)
  }

  /** What changed from one image of a repository to another. Throws as `list`. */
  async diff(
    repository: RepositoryName,
    before: Reference,
    after: Reference,
    platform: string | undefined,
  ): Promise<{ from: string; to: string; diff: CatalogueDiff }> {
    const from = await this.#images.findCatalogued(repository, before, platform)
    const to = await this.#images.findCatalogued(repository, after, platform)
    const { diffCatalogues } = await import('@berth/scanner/sbom/diff.ts')
    return {
      from: from.row.digest,
      to: to.row.digest,
      diff: diffCatalogues(from.catalogue, to.catalogue),
    }
  }
}

/** A page of a list that never changes. */
export function pageOf<Item>(
  items: readonly Item[],
  query: { after?: string | undefined; limit: number },
): { items: Item[]; next: string | null } {
  const start = query.after === undefined ? 0 : Number(readCursor(query.after, 1)[0]) || 0
  const end = start + query.limit
  return {
    items: items.slice(start, end),
    next: end < items.length ? writeCursor(String(end)) : null,
  }
}
