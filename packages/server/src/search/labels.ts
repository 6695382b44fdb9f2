import { isJsonObject, type JsonObject } from '@berth/oci/json-guard.ts'
import { parseManifest } from '@berth/oci/manifest.ts'
import { parseReference, parseRepositoryName } from '@berth/oci/reference.ts'
import { BerthError } from '../errors.ts'
import type { Database } from '../metadata/database.ts'
import { setPlatform } from '../metadata/manifest-platforms.ts'
import { lockManifest } from '../metadata/manifests.ts'
import { findRepository } from '../metadata/repositories.ts'
import type { Blobs } from '../registry/blobs.ts'
import { readImageConfig } from '../registry/image-config.ts'
import type { Manifests } from '../registry/manifests.ts'
import { addProperties } from './index.ts'

/** A config is a stranger's: what looks otherwise is no platform. */
const isPlatform = /^[A-Za-z0-9._-]{1,64}(?:\/[A-Za-z0-9._-]{1,64}){1,2}$/

/** What the config of an image says of it. */
type ConfigFacts = {
  readonly labels: Readonly<Record<string, unknown>> | undefined
  /** `linux/arm64/v8`; `undefined` where it says none. */
  readonly platform: string | undefined
}

/**
 * Brings the labels of images into the search index, and notes their platforms; both are in a blob, so it is done after
 * the push.
 */
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
    const { labels, platform } = await this.#readFacts(repository, digest)
    if (!labels && platform === undefined) return { labels: 0 }
    const name = parseRepositoryName(repository)
    const added = await this.#database.relaxedTransaction(async (tx) => {
      const found = await findRepository(tx, name)
      // It may be gone by now.
      if (!found || !(await lockManifest(tx, found.id, digest))) return 0
      if (platform !== undefined) await setPlatform(tx, found.id, digest, platform)
      if (!labels) return 0
      return addProperties(tx, 'label', labels, { repositoryId: found.id, digest })
    })
    return { labels: added }
  }

  async #readFacts(repository: string, digest: string): Promise<ConfigFacts> {
    const name = parseRepositoryName(repository)
    try {
      const stored = await this.#manifests.getManifest(name, parseReference(digest))
      const { config } = parseManifest(stored.payload, stored.mediaType)
      const read = await readImageConfig(this.#blobs, name, config)
      const settings = read?.config?.config
      const labels = isJsonObject(settings) ? settings.Labels : undefined
      return {
        labels: isJsonObject(labels) ? labels : undefined,
        platform: read?.config && platformOf(read.config),
      }
    } catch (error) {
      const gone = ['manifestUnknown', 'nameUnknown']
      if (error instanceof BerthError && gone.includes(error.kind)) {
        return { labels: undefined, platform: undefined }
      }
      throw error
    }
  }
}

function platformOf({ os, architecture, variant }: JsonObject): string | undefined {
  const parts = [os, architecture, variant].filter((part) => typeof part === 'string')
  const platform = parts.filter((part) => part !== '').join('/')
  return isPlatform.test(platform) ? platform : undefined
}
