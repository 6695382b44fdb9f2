import { mustRunTool } from '../tool.ts'
import type { Engine, EngineImage, Loading, Saving } from './engine.ts'
import { startLoading, startSaving } from './engine-stream.ts'
import { lines, nameInFull } from './engine-text.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * containerd by its own client, `ctr`. Images belong to a namespace: the one of `CONTAINERD_NAMESPACE`, else `k8s.io`
 * where it exists, since Kubernetes sees no other, else `default`. Addresses are `ctr`'s affair (`CONTAINERD_ADDRESS`).
 */
export class ContainerdEngine implements Engine {
  readonly name = 'containerd'
  readonly version: string
  readonly platform: string
  readonly namespace: string
  readonly #env: Environment

  constructor(env: Environment, about: { version: string; platform: string; namespace: string }) {
    this.#env = env
    this.version = about.version
    this.platform = about.platform
    this.namespace = about.namespace
  }

  load(signal?: AbortSignal): Loading {
    return startLoading('ctr', this.#args('images', 'import', '-'), this.#env, signal)
  }

  save(image: string, signal?: AbortSignal): Saving {
    return startSaving('ctr', this.#args('images', 'export', '-', image), this.#env, signal)
  }

  async listImages(signal?: AbortSignal): Promise<readonly EngineImage[]> {
    const [, ...rows] = lines(await this.#run(['images', 'ls'], signal))
    return rows.flatMap((row) => {
      const [name = '', , digest] = row.split(/\s+/)
      if (digest === undefined) return []
      return [{ name: nameInFull(name), id: digest, digest, createdAt: undefined, size: undefined }]
    })
  }

  async findImage(name: string, signal?: AbortSignal): Promise<EngineImage | undefined> {
    const wanted = nameInFull(name)
    return (await this.listImages(signal)).find((image) => image.name === wanted)
  }

  async removeImage(name: string, signal?: AbortSignal): Promise<void> {
    await this.#run(['images', 'rm', name], signal)
  }

  async listUsed(signal?: AbortSignal): Promise<ReadonlySet<string>> {
    const [, ...rows] = lines(await this.#run(['containers', 'ls'], signal))
    return new Set(rows.flatMap((row) => nameInFull(row.split(/\s+/)[1] ?? '')))
  }

  async #run(args: readonly string[], signal?: AbortSignal): Promise<string> {
    return (await mustRunTool('ctr', this.#args(...args), { env: this.#env, signal })).stdout
  }

  #args(...args: readonly string[]): readonly string[] {
    return ['--namespace', this.namespace, ...args]
  }
}
