import { isJsonObject } from '@berth/oci/json-guard.ts'
import { parseManifest } from '@berth/oci/manifest.ts'
import { parseReference, parseRepositoryName } from '@berth/oci/reference.ts'
import { BerthError } from '../errors.ts'
import type { Database } from '../metadata/database.ts'
import { lockManifest } from '../metadata/manifests.ts'
import { findRepository } from '../metadata/repositories.ts'
import type { Blobs } from '../registry/blobs.ts'
import { readImageConfig } from '../registry/image-config.ts'
import type { Manifests } from '../registry/manifests.ts'
import { addProperties } from './index.ts'

/** Brings the labels of images into the search index; they are in a blob, so it is done after the push. */
export class LabelIndexing {
  readonly #database: Database
  readonly #manifests: Manifests
  readonly #blobs: Blobs

  constructor(parts: { database: Database; manifests: Manifests; blobs: Blobs }) {
    this.#database = parts.database
    this.#manifests = parts.manifests
    this.#blobs = parts.blobs
  }

  /** An image that is gone meanwhile, or whose config cannot be read, has no labels. Doing it twice is harmless. */
  async index(repository: string, digest: string): Promise<{ labels: number }> {
    const labels = await this.#readLabels(repository, digest)
    if (!labels) return { labels: 0 }
    const name = parseRepositoryName(repository)
    const added = await this.#database.relaxedTransaction(async (tx) => {
      const found = await findRepository(tx, name)
      // It may be gone by now.
      if (!found || !(await lockManifest(tx, found.id, digest))) return 0
      return addProperties(tx, 'label', labels, { repositoryId: found.id, digest })
    })
    return { labels: added }
  }

  async #readLabels(
    repository: string,
    digest: string,
  ): Promise<Readonly<Record<string, unknown>> | undefined> {
    const name = parseRepositoryName(repository)
    try {
      const stored = await this.#manifests.getManifest(name, parseReference(digest))
      const { config } = parseManifest(stored.payload, stored.mediaType)
      const read = await readImageConfig(this.#blobs, name, config)
      const settings = read?.config?.config
      const labels = isJsonObject(settings) ? settings.Labels : undefined
      return isJsonObject(labels) ? labels : undefined
    } catch (error) {
      const gone = ['manifestUnknown', 'nameUnknown']
      if (error instanceof BerthError && gone.includes(error.kind)) return undefined
      throw error
    }
  }
}
