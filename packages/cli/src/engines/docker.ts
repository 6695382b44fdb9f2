import { readAnswer, textAt } from '../build/ask-builder.ts'
import { mustRunTool, runTool } from '../tool.ts'
import type { Engine, EngineImage, Loading, Saving } from './engine.ts'
import { startLoading, startSaving } from './engine-stream.ts'
import { lines, nameInFull, pieces } from './engine-text.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** The docker engine that `docker` on this machine talks to; `DOCKER_HOST` and contexts are its own affair. */
export class DockerEngine implements Engine {
  readonly name = 'docker'
  readonly version: string
  readonly platform: string
  readonly #env: Environment

  constructor(env: Environment, about: { version: string; platform: string }) {
    this.#env = env
    this.version = about.version
    this.platform = about.platform
  }

  load(signal?: AbortSignal): Loading {
    return startLoading('docker', ['load', '--quiet'], this.#env, signal)
  }

  save(image: string, signal?: AbortSignal): Saving {
    return startSaving('docker', ['save', image], this.#env, signal)
  }

  async listImages(signal?: AbortSignal): Promise<readonly EngineImage[]> {
    const args = ['image', 'ls', '--no-trunc', '--digests', '--format', '{{json .}}']
    const { stdout } = await mustRunTool('docker', args, { env: this.#env, signal })
    return lines(stdout).flatMap((line) => {
      const row = readAnswer(line)
      const id = textAt(row, 'ID')
      if (id === undefined) return []
      const [repository, tag] = [textAt(row, 'Repository'), textAt(row, 'Tag')]
      const isNamed = repository !== undefined && repository !== '<none>' && tag !== '<none>'
      const digest = textAt(row, 'Digest')
      // `2026-11-27 18:24:43 +0000 UTC`
      const created = new Date((textAt(row, 'CreatedAt') ?? '').replace(/ [A-Z]+$/, ''))
      return [
        {
          name: isNamed ? nameInFull(`${repository}:${tag}`) : undefined,
          id,
          digest: digest === '<none>' ? undefined : digest,
          createdAt: Number.isNaN(created.getTime()) ? undefined : created,
          size: undefined,
        },
      ]
    })
  }

  async findImage(name: string, signal?: AbortSignal): Promise<EngineImage | undefined> {
    const args = ['image', 'inspect', '--format', '{{json .}}', name]
    const { status, stdout } = await runTool('docker', args, { env: this.#env, signal })
    const row = status === 0 ? readAnswer(stdout) : undefined
    const id = textAt(row, 'Id')
    if (row === undefined || id === undefined) return undefined
    const digests = Array.isArray(row.RepoDigests) ? row.RepoDigests : []
    const [digest] = digests.filter((each): each is string => typeof each === 'string')
    return {
      name: nameInFull(name),
      id,
      digest: digest?.slice(digest.indexOf('@') + 1),
      createdAt: new Date(textAt(row, 'Created') ?? 0),
      size: typeof row.Size === 'number' ? row.Size : undefined,
    }
  }

  async removeImage(name: string, signal?: AbortSignal): Promise<void> {
    await mustRunTool('docker', ['image', 'rm', name], { env: this.#env, signal })
  }

  async listUsed(signal?: AbortSignal): Promise<ReadonlySet<string>> {
    const options = { env: this.#env, signal }
    const listed = await mustRunTool('docker', ['ps', '--all', '--quiet', '--no-trunc'], options)
    const used = new Set<string>()
    for (const some of pieces(lines(listed.stdout), 100)) {
      const format = '{{.Image}}\n{{.Config.Image}}'
      // One that was removed meanwhile makes the status another, and the others are told all the same.
      const { stdout } = await runTool('docker', ['inspect', '--format', format, ...some], options)
      for (const line of lines(stdout)) used.add(line).add(nameInFull(line))
    }
    return used
  }
}
