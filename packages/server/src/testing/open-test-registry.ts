import { makeDigest, type Digest } from '@berth/oci/digest.ts'
import { parseReference, parseRepositoryName, type RepositoryName } from '@berth/oci/reference.ts'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import type { Database } from '../metadata/database.ts'
import type { Admission, Permit } from '../registry/admission.ts'
import { openRegistry, type Registry } from '../registry/open.ts'
import { systemPermit, unrestricted } from '../registry/unrestricted.ts'
import type { UploadBody } from '../registry/upload-body.ts'
import type { StorageDriver } from '../storage/driver.ts'
import { openMemory } from '../storage/memory.ts'

/** Someone who may do everything. */
export const writer: Permit = {
  ...systemPermit,
  actor: { kind: 'user', id: 'user-1', name: 'writer' },
}

/** A registry core on a given database, with a store in memory and a clock that the test moves. */
export class TestRegistry {
  readonly database: Database
  readonly storage: StorageDriver
  readonly registry: Registry
  #now = Date.parse('2026-01-01T00:00:00Z')

  constructor(
    database: Database,
    settings: {
      collection?: Partial<Config['collection']>
      registry?: Partial<Config['registry']>
      storage?: StorageDriver
      admission?: Admission
    } = {},
  ) {
    const config = loadConfig({ environment: {}, overrides: { storage: { kind: 'memory' } } })
    this.database = database
    this.storage = settings.storage ?? openMemory()
    this.registry = openRegistry({
      database,
      storage: this.storage,
      config: {
        ...config,
        collection: { ...config.collection, ...settings.collection },
        registry: { ...config.registry, ...settings.registry },
      },
      clock: () => new Date(this.#now),
      admission: settings.admission ?? unrestricted,
    })
  }

  /** Milliseconds since 1970, as the registry sees them. */
  now(): number {
    return this.#now
  }

  pass(seconds: number): void {
    this.#now += seconds * 1000
  }

  /** Pushes content as a blob in one request. */
  async pushBlob(repository: string, content: string | Buffer): Promise<Digest> {
    const bytes = Buffer.from(content)
    const { digest } = await this.registry.uploads.putBlob({
      repository: parseRepositoryName(repository),
      permit: writer,
      digest: digestOf(bytes),
      body: bodyOf(bytes),
    })
    return digest
  }

  /** Pushes an image with these layers; returns its digest. Without a tag it is pushed by digest. */
  async pushImage(repository: string, tag: string | undefined, layers: string[]): Promise<Digest> {
    const config = await this.pushBlob(repository, '{}')
    const descriptors = []
    for (const layer of layers) {
      descriptors.push({
        mediaType: 'application/vnd.oci.image.layer.v1.tar',
        digest: await this.pushBlob(repository, layer),
        size: Buffer.byteLength(layer),
      })
    }
    return this.pushManifest(repository, tag, {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config, size: 2 },
      layers: descriptors,
    })
  }

  async pushManifest(
    repository: string,
    tag: string | undefined,
    manifest: object,
  ): Promise<Digest> {
    const payload = Buffer.from(JSON.stringify(manifest))
    const { digest } = await this.registry.manifests.putManifest({
      repository: parseRepositoryName(repository),
      permit: writer,
      reference: parseReference(tag ?? digestOf(payload)),
      tags: [],
      contentType: (manifest as { mediaType: string }).mediaType,
      payload,
    })
    return digest
  }

  pull(repository: string, reference: string) {
    return this.registry.manifests.getManifest(
      parseRepositoryName(repository),
      parseReference(reference),
    )
  }

  remove(repository: string, reference: string): Promise<void> {
    return this.registry.manifests.deleteManifest(
      parseRepositoryName(repository),
      parseReference(reference),
      writer,
    )
  }

  async hasBlob(repository: string, digest: Digest): Promise<boolean> {
    return this.registry.blobs.statBlob(name(repository), digest).then(
      () => true,
      () => false,
    )
  }

  collect(signal?: AbortSignal) {
    return this.registry.collection.run({ restFactor: 0, ...(signal !== undefined && { signal }) })
  }

  async storedKeys(): Promise<string[]> {
    const keys: string[] = []
    for await (const object of this.storage.list()) keys.push(object.key)
    return keys
  }

  async close(): Promise<void> {
    await this.registry.uploads.close()
    await this.storage.close()
  }
}

export function name(text: string): RepositoryName {
  return parseRepositoryName(text)
}

export function digestOf(bytes: Buffer | string): Digest {
  return makeDigest('sha256', createHash('sha256').update(bytes).digest('hex'))
}

/** A request body as a client without a range sends it. */
export function bodyOf(bytes: Buffer, body: Partial<UploadBody> = {}): UploadBody {
  return {
    stream: Readable.from([bytes], { objectMode: false }),
    length: bytes.length,
    range: undefined,
    expectedOffset: undefined,
    ...body,
  }
}
