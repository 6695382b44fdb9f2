import { artifactManifest, emptyConfigText } from '@berth/oci/artifact-manifest.ts'
import { Unreadable } from '@berth/scanner/detector.ts'
import type { CataloguedPackage } from '@berth/scanner/package.ts'
import { type Digest, makeDigest } from '@berth/oci/digest.ts'
import { OCI_IMAGE_MANIFEST } from '@berth/oci/media-type.ts'
import { type Reference, type RepositoryName, parseReference } from '@berth/oci/reference.ts'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { BerthError } from '../errors.ts'
import type { Permit } from '../registry/admission.ts'
import type { Blobs } from '../registry/blobs.ts'
import type { Manifests } from '../registry/manifests.ts'
import type { Referrers } from '../registry/referrers.ts'
import type { Uploads } from '../registry/uploads.ts'
import {
  type AttachedManifest,
  attachedManifests,
  isStatement,
  statedType,
} from '../registry/attached-manifests.ts'
import { readSmallBlob } from './blob-stream.ts'
import type { Reports } from './reports.ts'

export type SbomFormat = 'spdx' | 'cyclonedx'

export type AttachedSbom = {
  manifest: string
  blob: string
  format: SbomFormat
  how: 'referrer' | 'tag' | 'attestation'
  size: number
}

const sbomTypes: Readonly<Record<SbomFormat, string>> = {
  spdx: 'application/spdx+json',
  cyclonedx: 'application/vnd.cyclonedx+json',
}

const formats: Readonly<Record<string, SbomFormat>> = {
  'application/spdx+json': 'spdx',
  'text/spdx+json': 'spdx',
  'application/vnd.cyclonedx+json': 'cyclonedx',
  'application/vnd.cyclonedx': 'cyclonedx',
  'https://spdx.dev/Document': 'spdx',
  'https://cyclonedx.org/bom': 'cyclonedx',
}

const listMax = 100
const documentMax = 64 * 1024 ** 2

/** Bills of materials: what Berth found, attached when somebody asks, and what builders attached, read. */
export class Sboms {
  readonly #manifests: Manifests
  readonly #blobs: Blobs
  readonly #uploads: Uploads
  readonly #referrers: Referrers
  readonly #reports: Reports

  constructor(parts: {
    manifests: Manifests
    blobs: Blobs
    uploads: Uploads
    referrers: Referrers
    reports: Reports
  }) {
    this.#manifests = parts.manifests
    this.#blobs = parts.blobs
    this.#uploads = parts.uploads
    this.#referrers = parts.referrers
    this.#reports = parts.reports
  }

  /**
   * Pushes the bill of materials of an image beside it, as `permit`. The same image and format make the same referrer.
   * Throws as `Reports.writeSbom`, and what a push may be refused with.
   */
  async publish(request: {
    repository: RepositoryName
    reference: Reference
    platform: string | undefined
    format: SbomFormat
    permit: Permit
  }): Promise<{ digest: string; subject: string; artifactType: string }> {
    const { repository, permit, format } = request
    const { digest: subject, text } = await this.#reports.writeSbom(
      repository,
      request.reference,
      request,
    )
    const image = await this.#manifests.getManifest(repository, parseReference(subject))
    const document = Buffer.from(text)
    const mediaType = sbomTypes[format]
    await this.#put(repository, permit, Buffer.from(emptyConfigText))
    await this.#put(repository, permit, document)
    const payload = Buffer.from(
      artifactManifest({
        artifactType: mediaType,
        layer: { mediaType, digest: digestOf(document), size: document.length },
        subject: image,
      }),
    )
    const { digest } = await this.#manifests.putManifest({
      repository,
      permit,
      reference: { kind: 'digest', digest: digestOf(payload) },
      tags: [],
      contentType: OCI_IMAGE_MANIFEST,
      payload,
    })
    return { digest, subject, artifactType: mediaType }
  }

  /** Those that were attached to a manifest, 100 at most. Throws `manifestUnknown`, `nameUnknown`. */
  async attached(repository: RepositoryName, reference: Reference): Promise<AttachedSbom[]> {
    const image = await this.#manifests.getManifest(repository, reference)
    const found: AttachedSbom[] = []
    for await (const attached of attachedManifests(
      { manifests: this.#manifests, referrers: this.#referrers },
      repository,
      image,
      'sbom',
    )) {
      found.push(...sbomsIn(attached))
    }
    return found.slice(0, listMax)
  }

  /** The packages of an attached one. Throws `notFound` without the blob, `conflict` when it is none that Berth reads. */
  async packages(repository: RepositoryName, blob: Digest): Promise<readonly CataloguedPackage[]> {
    const bytes = await this.#readBlob(repository, blob)
    // Loaded when somebody asks: the server starts faster without.
    const { readSbom } = await import('@berth/scanner/sbom/read-sbom.ts')
    try {
      return readSbom(bytes).packages
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      throw new BerthError(
        'conflict',
        `This is no bill of materials that Berth reads: ${error.message}.`,
      )
    }
  }

  async #readBlob(repository: RepositoryName, blob: Digest): Promise<Buffer> {
    try {
      const bytes = await readSmallBlob(this.#blobs, repository, blob, documentMax)
      if (bytes) return bytes
      throw new BerthError('conflict', `The document is larger than ${documentMax} bytes.`)
    } catch (error) {
      if (!(error instanceof BerthError) || error.kind !== 'blobUnknown') throw error
      throw new BerthError('notFound', 'There is no such bill of materials in the repository.')
    }
  }

  async #put(repository: RepositoryName, permit: Permit, bytes: Buffer): Promise<void> {
    const body = {
      stream: Readable.from([bytes]),
      length: bytes.length,
      range: undefined,
      expectedOffset: undefined,
    }
    await this.#uploads.putBlob({ repository, permit, digest: digestOf(bytes), body })
  }
}

function digestOf(bytes: Buffer): Digest {
  return makeDigest('sha256', createHash('sha256').update(bytes).digest('hex'))
}

function sbomsIn(attached: AttachedManifest): AttachedSbom[] {
  return attached.layers.flatMap((layer) => {
    const { digest: blob, mediaType, size } = layer
    const stated = statedType(layer, attached)
    const format = formats[mediaType] ?? (stated === undefined ? undefined : formats[stated])
    if (format === undefined) return []
    const isStated = isStatement(layer) || formats[mediaType] === undefined
    const how = isStated ? 'attestation' : attached.how
    return [{ manifest: attached.digest, blob, format, how, size }]
  })
}
