import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ContentSource } from '@berth/client/content.ts'
import type { Reference } from '@berth/oci/reference.ts'
import { askBuilder, readAnswer, textAt } from './ask-builder.ts'
import { baseArguments } from './base-arguments.ts'
import type { Service } from './build-file.ts'
import type { BuildRun } from './build-run.ts'
import { BuildSteps } from './build-steps.ts'
import type { Builder, BuilderProbe, BuildOrder, BuiltImage, LocalImage } from './builder.ts'
import { imageCache, isForBuildxOnly } from './cache-place.ts'
import { listDockerImages, removeDockerImage } from './docker-engine.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Opens what `docker save` wrote to a file. */
export type OpenArchive = (
  file: string,
) => Promise<{ readonly source: ContentSource; readonly reference: Reference }>

/**
 * The builder inside of docker's engine, from before BuildKit. One platform, no secrets, and each image has the time of
 * its making in it, so the same source never gives the same digest twice.
 */
export class Docker implements Builder {
  readonly name = 'docker'
  readonly #env: Environment
  readonly #openArchive: OpenArchive
  #platform = 'linux/amd64'

  constructor(env: Environment, openArchive: OpenArchive) {
    this.#env = env
    this.#openArchive = openArchive
  }

  async probe(signal: AbortSignal): Promise<BuilderProbe> {
    const args = ['version', '--format', '{{json .Server}}']
    const asked = await askBuilder('docker', args, this.#env, signal)
    if ('reason' in asked) return { kind: 'absent', reason: asked.reason }
    const server = readAnswer(asked.answer)
    const version = textAt(server, 'Version')
    if (version === undefined) return { kind: 'absent', reason: 'no docker engine answers' }
    this.#platform = `${textAt(server, 'Os') ?? 'linux'}/${textAt(server, 'Arch') ?? 'amd64'}`
    return { kind: 'ready', version, platform: this.#platform, platforms: [this.#platform] }
  }

  refusalOf(service: Service, platforms: readonly string[]): string | undefined {
    const say = (fault: string): string =>
      `docker's classic builder ${fault} (service ${service.name}).`
    if (platforms.length > 1)
      return say(`builds for one platform only, not for ${platforms.join(' and ')}`)
    if (platforms.some((each) => each !== this.#platform)) {
      return say(`builds for ${this.#platform} here, not for ${platforms.join(', ')}`)
    }
    if (service.secrets.length > 0) return say('has no secrets')
    if (service.ssh.length > 0) return say('has no SSH agents')
    if (service.cacheTo.length > 0) return say('cannot keep its build cache in a registry')
    const foreign = service.cacheFrom.find(isForBuildxOnly)
    return foreign === undefined
      ? undefined
      : say(`takes build cache from images only, not from "${foreign}"`)
  }

  async build(order: BuildOrder, run: BuildRun): Promise<BuiltImage> {
    const { service, labels, noCache } = order
    const [platform = this.#platform] = order.platforms
    const idFile = join(order.folder, 'image-id')
    const args = { ...order.args, ...baseArguments(order.bases, platform) }
    const pairs = (flag: string, values: Readonly<Record<string, string>>): string[] =>
      Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`])
    const output = await run.mustRun(
      'docker',
      [
        'build',
        '--force-rm',
        '--iidfile',
        idFile,
        '--file',
        order.dockerfile,
        ...(noCache ? ['--no-cache'] : []),
        ...(service.target === undefined ? [] : ['--target', service.target]),
        ...pairs('--build-arg', args),
        ...pairs('--label', labels),
        ...order.cacheFrom.flatMap((each) => ['--cache-from', imageCache(each)]),
        service.context,
      ],
      { env: { DOCKER_BUILDKIT: '0' } },
    )
    const counter = new BuildSteps()
    for (const line of output.split('\n')) counter.note(line)
    const id = (await readFile(idFile, 'utf8')).trim()
    const archive = join(order.folder, 'image.tar')
    await run.mustRun('docker', ['save', '--output', archive, id])
    return {
      ...(await this.#openArchive(archive)),
      layout: undefined,
      localIds: new Map([[platform, id]]),
      steps: counter.steps,
      cacheHits: counter.cacheHits,
    }
  }

  async tagLocally(image: BuiltImage, names: readonly string[], run: BuildRun): Promise<void> {
    const id = [...image.localIds.values()][0]
    if (id === undefined) return
    for (const name of names) await run.mustRun('docker', ['tag', id, name])
  }

  async listLocal(repository: string, run: BuildRun): Promise<readonly LocalImage[]> {
    return listDockerImages(repository, run)
  }

  async removeLocal(image: LocalImage, run: BuildRun): Promise<boolean> {
    return removeDockerImage(image, run)
  }
}
