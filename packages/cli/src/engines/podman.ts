import { textAt } from '../build/ask-builder.ts'
import { mustRunTool, runTool } from '../tool.ts'
import type { Engine, EngineImage, Loading, Saving } from './engine.ts'
import { startLoading, startSaving } from './engine-stream.ts'
import { jsonRows, nameInFull, textsIn } from './engine-text.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** podman, whose images are this user's. */
export class PodmanEngine implements Engine {
  readonly name = 'podman'
  readonly version: string
  readonly platform: string
  readonly #env: Environment
  readonly #global: readonly string[]

  /** `global`: options that stand before every command. */
  constructor(
    env: Environment,
    about: { version: string; platform: string; global: readonly string[] },
  ) {
    this.#env = env
    this.version = about.version
    this.platform = about.platform
    this.#global = about.global
  }

  load(signal?: AbortSignal): Loading {
    return startLoading('podman', this.#args('load', '--quiet'), this.#env, signal)
  }

  save(image: string, signal?: AbortSignal): Saving {
    const args = this.#args('save', '--quiet', '--format', 'docker-archive', image)
    return startSaving('podman', args, this.#env, signal)
  }

  async listImages(signal?: AbortSignal): Promise<readonly EngineImage[]> {
    const args = this.#args('images', '--no-trunc', '--format', 'json')
    const { stdout } = await mustRunTool('podman', args, { env: this.#env, signal })
    return jsonRows(stdout).flatMap((row): EngineImage[] => {
      const id = textAt(row, 'Id')
      if (id === undefined) return []
      const { Created, Size } = row
      const image = {
        id,
        digest: textAt(row, 'Digest'),
        createdAt: typeof Created === 'number' ? new Date(Created * 1000) : undefined,
        size: typeof Size === 'number' ? Size : undefined,
      }
      const names = textsIn(row.Names)
      return names.length === 0
        ? [{ name: undefined, ...image }]
        : names.map((name) => ({ name: nameInFull(name), ...image }))
    })
  }

  async findImage(name: string, signal?: AbortSignal): Promise<EngineImage | undefined> {
    const args = this.#args('image', 'inspect', name)
    const { status, stdout } = await runTool('podman', args, { env: this.#env, signal })
    const [row] = status === 0 ? jsonRows(stdout) : []
    const id = textAt(row, 'Id')
    if (row === undefined || id === undefined) return undefined
    return {
      name: nameInFull(name),
      id,
      digest: textAt(row, 'Digest'),
      createdAt: new Date(textAt(row, 'Created') ?? 0),
      size: typeof row.Size === 'number' ? row.Size : undefined,
    }
  }

  async removeImage(name: string, signal?: AbortSignal): Promise<void> {
    await mustRunTool('podman', this.#args('rmi', name), { env: this.#env, signal })
  }

  async listUsed(signal?: AbortSignal): Promise<ReadonlySet<string>> {
    // Containers that buildah made count too: they live in the same storage.
    const args = this.#args('ps', '--all', '--external', '--no-trunc', '--format', 'json')
    const { stdout } = await mustRunTool('podman', args, { env: this.#env, signal })
    const used = new Set<string>()
    for (const row of jsonRows(stdout)) {
      const [id, name] = [textAt(row, 'ImageID'), textAt(row, 'Image')]
      if (id !== undefined) used.add(id)
      if (name !== undefined) used.add(nameInFull(name))
    }
    return used
  }

  #args(...args: readonly string[]): readonly string[] {
    return [...this.#global, ...args]
  }
}
