import { createHash } from 'node:crypto'
import { Agent, request } from 'node:http'
import { type Digest, parseDigest } from '@berth/oci/digest.ts'
import { DOCKER_MANIFEST, OCI_IMAGE_INDEX, OCI_IMAGE_MANIFEST } from '@berth/oci/media-type.ts'

export type Pushed = { readonly digest: Digest; readonly bytes: Buffer; readonly mediaType: string }

export type ImageShape = {
  readonly config?: Readonly<Record<string, unknown>> | undefined
  /** Content of each layer; anything will do. */
  readonly layers?: readonly (string | Buffer)[] | undefined
  readonly subject?: Pushed | undefined
  readonly artifactType?: string | undefined
  readonly configMediaType?: string | undefined
  readonly layerMediaType?: string | undefined
  readonly layerAnnotations?: Readonly<Record<string, string>> | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
  readonly isDocker?: boolean | undefined
}

export type ChildShape = {
  readonly image: Pushed
  readonly platform?: Readonly<Record<string, string>> | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

/** Puts images into one repository over plain HTTP, as simply and as fast as the protocol allows. */
export class ImagePusher {
  readonly #origin: string
  readonly #repository: string
  readonly #authorization: string | undefined
  readonly #agent: Agent
  readonly #blobs = new Map<string, Promise<Digest>>()

  constructor(to: {
    origin: string
    repository: string
    username?: string
    password?: string
  }) {
    this.#origin = to.origin
    this.#repository = to.repository
    this.#authorization =
      to.username === undefined
        ? undefined
        : `Basic ${Buffer.from(`${to.username}:${to.password}`).toString('base64')}`
    this.#agent = new Agent({ keepAlive: true, maxSockets: 32 })
  }

  /** Ends the connections that are kept. */
  close(): void {
    this.#agent.destroy()
  }

  /** A manifest with its config and layers, under tags or, without any, by its digest alone. */
  async image(shape: ImageShape, tags: readonly string[] = []): Promise<Pushed> {
    const config = Buffer.from(JSON.stringify(shape.config ?? {}))
    const layers = (shape.layers ?? []).map((each) => Buffer.from(each))
    const digests = await Promise.all([config, ...layers].map((each) => this.blob(each)))
    const suffix = shape.isDocker === true ? 'docker' : 'oci'
    const mediaType = shape.isDocker === true ? DOCKER_MANIFEST : OCI_IMAGE_MANIFEST
    const manifest = {
      schemaVersion: 2,
      mediaType,
      ...(shape.artifactType !== undefined && { artifactType: shape.artifactType }),
      config: {
        mediaType: shape.configMediaType ?? mediaTypes[suffix].config,
        digest: digests[0],
        size: config.length,
      },
      layers: layers.map((layer, at) => ({
        mediaType: shape.layerMediaType ?? mediaTypes[suffix].layer,
        digest: digests[at + 1],
        size: layer.length,
        ...(shape.layerAnnotations !== undefined && { annotations: shape.layerAnnotations }),
      })),
      ...(shape.subject !== undefined && {
        subject: {
          mediaType: shape.subject.mediaType,
          digest: shape.subject.digest,
          size: shape.subject.bytes.length,
        },
      }),
      ...(shape.annotations !== undefined && { annotations: shape.annotations }),
    }
    return this.manifest(manifest, mediaType, tags)
  }

  /** An index of images that were pushed before. */
  index(
    children: readonly ChildShape[],
    tags: readonly string[] = [],
    annotations?: Readonly<Record<string, string>>,
  ): Promise<Pushed> {
    const manifest = {
      schemaVersion: 2,
      mediaType: OCI_IMAGE_INDEX,
      manifests: children.map(({ image, platform, annotations: of }) => ({
        mediaType: image.mediaType,
        digest: image.digest,
        size: image.bytes.length,
        ...(platform !== undefined && { platform }),
        ...(of !== undefined && { annotations: of }),
      })),
      ...(annotations !== undefined && { annotations }),
    }
    return this.manifest(manifest, OCI_IMAGE_INDEX, tags)
  }

  async manifest(body: unknown, mediaType: string, tags: readonly string[]): Promise<Pushed> {
    const bytes = Buffer.from(JSON.stringify(body))
    const digest = digestOf(bytes)
    for (const reference of tags.length === 0 ? [digest] : tags) {
      const path = `/v2/${this.#repository}/manifests/${reference}`
      await this.#send('PUT', path, bytes, mediaType)
    }
    return { digest, bytes, mediaType }
  }

  /** A blob, once for each content. */
  blob(bytes: Buffer): Promise<Digest> {
    const digest = digestOf(bytes)
    const pushing =
      this.#blobs.get(digest) ??
      this.#send(
        'POST',
        `/v2/${this.#repository}/blobs/uploads/?digest=${digest}`,
        bytes,
        'application/octet-stream',
      ).then(async (location) => {
        // A registry that takes no blob in one request answers with where to put it.
        if (location !== undefined) {
          const url = new URL(location, this.#origin)
          url.searchParams.set('digest', digest)
          await this.#send('PUT', `${url.pathname}${url.search}`, bytes, 'application/octet-stream')
        }
        return digest
      })
    this.#blobs.set(digest, pushing)
    return pushing
  }

  #send(method: string, path: string, body: Buffer, type: string): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
      const sent = request(`${this.#origin}${path}`, {
        method,
        agent: this.#agent,
        headers: {
          'Content-Type': type,
          'Content-Length': body.length,
          ...(this.#authorization !== undefined && { Authorization: this.#authorization }),
        },
      })
      sent.once('error', reject)
      sent.once('response', (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        response.once('end', () => {
          const status = response.statusCode ?? 0
          if (status === 201) resolve(undefined)
          else if (status === 202) resolve(response.headers.location)
          else reject(new Error(`${method} ${path}: status ${status} ${text}`))
        })
      })
      sent.end(body)
    })
  }
}

const mediaTypes = {
  oci: {
    config: 'application/vnd.oci.image.config.v1+json',
    layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  },
  docker: {
    config: 'application/vnd.docker.container.image.v1+json',
    layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  },
} as const

function digestOf(bytes: Buffer): Digest {
  return parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`)
}
