import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { pseudoRandomBytes } from '../../../../../test/fixtures/content.ts'
import { ImagePusher, type Pushed } from '../../testing/push-images.ts'

type Server = { readonly origin: string; readonly username: string; readonly password: string }

/** A layer as it is pushed: what it holds, and how it was packed. */
export type PackedLayer = { readonly diffId: string; readonly blob: Buffer }

export type PushedImage = Pushed & {
  /** Bytes of the manifest, of the configuration and of each layer. */
  readonly sizes: {
    readonly manifest: number
    readonly config: number
    readonly layers: readonly number[]
  }
}

export type ImageToPush = {
  readonly layers: readonly PackedLayer[]
  readonly config?: Readonly<Record<string, unknown>>
  readonly architecture?: string
  readonly created?: string
  readonly steps?: readonly string[]
  readonly annotations?: Readonly<Record<string, string>>
}

/** About so many bytes when packed, named by a word. Each level of gzip gives another blob of the same content. */
export function packLayer(word: string, size: number, level = 1): PackedLayer {
  // As text it compresses a little, so levels differ.
  const content = Buffer.from(pseudoRandomBytes(word, size).toString('base64'))
  const diffId = `sha256:${createHash('sha256').update(content).digest('hex')}`
  return { diffId, blob: gzipSync(content, { level }) }
}

/** Pushes images with real layers and configurations into repositories of one server. */
export class RegistryPusher {
  readonly #server: Server
  readonly #pushers = new Map<string, ImagePusher>()

  constructor(server: Server) {
    this.#server = server
  }

  async image(
    repository: string,
    tags: readonly string[],
    image: ImageToPush,
  ): Promise<PushedImage> {
    const { layers, architecture = 'amd64', created, steps, annotations } = image
    const config = {
      os: 'linux',
      architecture,
      created: created ?? '2026-11-20T10:00:00Z',
      config: image.config ?? {},
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
      history: (steps ?? []).map((step) => ({ created_by: step })),
    }
    const pushed = await this.#pusher(repository).image(
      { config, layers: layers.map(({ blob }) => blob), annotations },
      tags,
    )
    return {
      ...pushed,
      sizes: {
        manifest: pushed.bytes.length,
        config: Buffer.byteLength(JSON.stringify(config)),
        layers: layers.map(({ blob }) => blob.length),
      },
    }
  }

  index(
    repository: string,
    tags: readonly string[],
    children: readonly { image: Pushed; architecture: string }[],
  ): Promise<Pushed> {
    return this.#pusher(repository).index(
      children.map(({ image, architecture }) => ({
        image,
        platform: { os: 'linux', architecture },
      })),
      tags,
    )
  }

  close(): void {
    for (const pusher of this.#pushers.values()) pusher.close()
  }

  #pusher(repository: string): ImagePusher {
    const pusher = this.#pushers.get(repository) ?? new ImagePusher({ ...this.#server, repository })
    this.#pushers.set(repository, pusher)
    return pusher
  }
}
