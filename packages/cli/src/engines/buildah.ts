import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { textAt } from '../build/ask-builder.ts'
import { mustRunTool } from '../tool.ts'
import type { Engine, EngineImage, Loading, Saving } from './engine.ts'
import { jsonRows, nameInFull, textsIn } from './engine-text.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** buildah, which shares its images with podman. It reads and writes archives as files only, so they are put aside. */
export class BuildahEngine implements Engine {
  readonly name = 'buildah'
  readonly version: string
  readonly platform: string
  readonly #env: Environment

  constructor(env: Environment, about: { version: string; platform: string }) {
    this.#env = env
    this.version = about.version
    this.platform = about.platform
  }

  load(signal?: AbortSignal): Loading {
    const stdin = new PassThrough()
    const controller = new AbortController()
    const all = anyOf(signal, controller.signal)
    const done = this.#withFile(async (file) => {
      await pipeline(stdin, createWriteStream(file), { signal: all })
      await this.#run(['pull', '--quiet', `docker-archive:${file}`], all)
    })
    done.catch(() => {})
    return { stdin, done, abort: () => controller.abort() }
  }

  save(image: string, signal?: AbortSignal): Saving {
    const stdout = new PassThrough()
    const controller = new AbortController()
    const all = anyOf(signal, controller.signal)
    const done = this.#withFile(async (file) => {
      await this.#run(['push', '--quiet', image, `docker-archive:${file}`], all)
      await pipeline(createReadStream(file), stdout, { signal: all })
    })
    done.catch((error: Error) => stdout.destroy(error))
    return { stdout, done, abort: () => controller.abort() }
  }

  async listImages(signal?: AbortSignal): Promise<readonly EngineImage[]> {
    return jsonRows(await this.#run(['images', '--json', '--no-trunc'], signal)).flatMap(
      (row): EngineImage[] => {
        const id = textAt(row, 'id')
        if (id === undefined) return []
        const created = textAt(row, 'createdatraw')
        const image = {
          id,
          digest: textAt(row, 'digest'),
          createdAt: created === undefined ? undefined : new Date(created),
          size: undefined,
        }
        const names = textsIn(row.names)
        return names.length === 0
          ? [{ name: undefined, ...image }]
          : names.map((name) => ({ name: nameInFull(name), ...image }))
      },
    )
  }

  async findImage(name: string, signal?: AbortSignal): Promise<EngineImage | undefined> {
    const wanted = nameInFull(name)
    const images = await this.listImages(signal)
    return images.find((image) => image.name === wanted || image.id === name)
  }

  async removeImage(name: string, signal?: AbortSignal): Promise<void> {
    await this.#run(['rmi', name], signal)
  }

  async listUsed(signal?: AbortSignal): Promise<ReadonlySet<string>> {
    const used = new Set<string>()
    for (const row of jsonRows(await this.#run(['containers', '--json', '--all'], signal))) {
      const [id, name] = [textAt(row, 'imageid'), textAt(row, 'imagename')]
      if (id !== undefined) used.add(id)
      if (name !== undefined) used.add(nameInFull(name))
    }
    return used
  }

  async #run(args: readonly string[], signal?: AbortSignal): Promise<string> {
    return (await mustRunTool('buildah', args, { env: this.#env, signal })).stdout
  }

  async #withFile(work: (file: string) => Promise<void>): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'berth-'))
    try {
      await work(join(folder, 'image.tar'))
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
}

function anyOf(signal: AbortSignal | undefined, own: AbortSignal): AbortSignal {
  return signal === undefined ? own : AbortSignal.any([signal, own])
}
