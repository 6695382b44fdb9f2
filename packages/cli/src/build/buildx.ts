import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { OciLayout } from '@berth/client/layout/oci-layout.ts'
import { formatPlatform, parsePlatform } from '@berth/oci/platform.ts'
import { askBuilder } from './ask-builder.ts'
import { baseArgument, baseArguments } from './base-arguments.ts'
import type { Service } from './build-file.ts'
import type { BuildRun } from './build-run.ts'
import { BuildSteps } from './build-steps.ts'
import type { Builder, BuilderProbe, BuildOrder, BuiltImage, LocalImage } from './builder.ts'
import { buildxCache } from './cache-place.ts'
import type { OpenArchive } from './docker.ts'
import { listDockerImages, removeDockerImage } from './docker-engine.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * BuildKit through `docker buildx`, with whatever builder instance is chosen there (`BUILDX_BUILDER`, `docker buildx
 * use`). Several platforms at once, by QEMU or by nodes of their own. The image comes as an OCI layout; the build cache
 * alone goes from BuildKit to the registry by itself, since it is read and written piece by piece while it builds, and
 * bringing it here first would cost more than it saves.
 */
export class Buildx implements Builder {
  readonly name = 'buildx'
  readonly #env: Environment
  readonly #openArchive: OpenArchive
  readonly #loadArguments = new WeakMap<BuiltImage, readonly string[]>()
  /** The builder inside of docker's engine keeps what it makes there and exports no layouts. */
  #isInEngine = false

  constructor(env: Environment, openArchive: OpenArchive) {
    this.#env = env
    this.#openArchive = openArchive
  }

  async probe(signal: AbortSignal): Promise<BuilderProbe> {
    const asked = await askBuilder('docker', ['buildx', 'version'], this.#env, signal)
    if ('reason' in asked) {
      const isUnknown = /unknown command|is not a docker command/i.test(asked.reason)
      return { kind: 'absent', reason: isUnknown ? 'docker has no buildx' : asked.reason }
    }
    const version = /\bv?(\d+\.\d+\S*)/.exec(asked.answer)?.[1] ?? 'unknown'
    const inspected = await askBuilder(
      'docker',
      ['buildx', 'inspect', '--bootstrap'],
      this.#env,
      signal,
    )
    if ('reason' in inspected) return { kind: 'absent', reason: inspected.reason }
    const fault = /^Error:\s*(.+)$/m.exec(inspected.answer)?.[1]
    if (fault !== undefined)
      return { kind: 'absent', reason: `the builder of buildx says: ${fault}` }
    this.#isInEngine = /^Driver:\s*docker\s*$/m.test(inspected.answer)
    const platforms = [
      ...new Set(
        [...inspected.answer.matchAll(/^Platforms:\s*(.+)$/gm)].flatMap(([, list = '']) =>
          // A star marks platforms that were set by hand.
          list
            .split(',')
            .map((each) => formatPlatform(parsePlatform(each.trim().replace(/\*$/, '')))),
        ),
      ),
    ]
    const [platform] = platforms
    if (platform === undefined)
      return { kind: 'absent', reason: 'the builder of buildx is not running' }
    return { kind: 'ready', version, platform, platforms }
  }

  refusalOf(service: Service, platforms: readonly string[]): string | undefined {
    if (this.#isInEngine && platforms.length > 1) {
      return `The builder of buildx is the one inside of docker's engine, which builds for one platform at a time (service ${service.name}). "docker buildx create --use" makes one that builds for several.`
    }
    return undefined
  }

  async build(order: BuildOrder, run: BuildRun): Promise<BuiltImage> {
    const args = this.#arguments(order)
    const idFile = join(order.folder, 'image-id')
    const folder = join(order.folder, 'layout')
    const rewrite = order.epoch === undefined ? '' : ',rewrite-timestamp=true'
    const output = this.#isInEngine
      ? [
          '--load',
          '--iidfile',
          idFile,
          ...order.names.slice(0, 1).flatMap((name) => ['--tag', name]),
        ]
      : ['--output', `type=oci,dest=${folder},tar=false${rewrite}`]
    if (!this.#isInEngine) await mkdir(folder, { recursive: true })
    const counter = new BuildSteps()
    const result = await run.run('docker', [...args, ...output, order.service.context])
    if (result.status !== 0) throw run.faultOf('docker', 'buildx build', result)
    for (const line of result.stderr.split('\n')) counter.note(line)
    const counted = { steps: counter.steps, cacheHits: counter.cacheHits }
    if (this.#isInEngine) {
      const id = (await readFile(idFile, 'utf8')).trim()
      const archive = join(order.folder, 'image.tar')
      await run.mustRun('docker', ['save', '--output', archive, id])
      const opened = await this.#openArchive(archive)
      const localIds = new Map(
        // BuildKit finds images of the engine by their names alone, not by their ids.
        order.platforms.slice(0, 1).map((platform) => [platform, order.names[0] ?? id]),
      )
      return { ...opened, layout: undefined, localIds, ...counted }
    }
    const layout = new OciLayout(folder)
    const image: BuiltImage = {
      source: layout,
      reference: await layout.soleReference(),
      layout: folder,
      localIds: new Map(),
      ...counted,
    }
    this.#loadArguments.set(image, [...args, '--load', order.service.context])
    return image
  }

  #arguments(order: BuildOrder): readonly string[] {
    const { service, annotations, noCache, platforms } = order
    const pairs = (flag: string, values: Readonly<Record<string, string>>, prefix = ''): string[] =>
      Object.entries(values).flatMap(([name, value]) => [flag, `${prefix}${name}=${value}`])
    const level = platforms.length > 1 ? 'index,manifest:' : 'manifest:'
    const bases: Record<string, string> = {}
    const contexts: string[] = []
    for (const [name, base] of order.bases) {
      if (base.layout === undefined) continue
      const digest =
        base.reference.kind === 'digest' ? `@${base.reference.digest}` : `:${base.reference.tag}`
      contexts.push('--build-context', `${name}=oci-layout://${base.layout}${digest}`)
      bases[baseArgument(name)] = name
    }
    return [
      'buildx',
      'build',
      '--progress',
      'plain',
      '--platform',
      platforms.join(','),
      '--file',
      order.dockerfile,
      // Attestations hold times and addresses of the build: with them no two builds would be the same.
      '--provenance',
      'false',
      '--sbom',
      'false',
      ...(noCache ? ['--no-cache'] : []),
      ...(service.target === undefined ? [] : ['--target', service.target]),
      ...pairs('--build-arg', {
        ...order.args,
        ...baseArguments(order.bases, platforms[0] ?? ''),
        ...bases,
      }),
      ...pairs('--label', order.labels),
      ...(this.#isInEngine ? [] : pairs('--annotation', annotations, level)),
      ...contexts,
      ...order.secrets.flatMap(({ id, file }) => ['--secret', `id=${id},src=${file}`]),
      ...service.ssh.flatMap((each) => ['--ssh', each]),
      ...order.cacheFrom.flatMap((each) => ['--cache-from', buildxCache(each, 'from')]),
      ...order.cacheTo.flatMap((each) => ['--cache-to', buildxCache(each, 'to')]),
    ]
  }

  async tagLocally(image: BuiltImage, names: readonly string[], run: BuildRun): Promise<void> {
    if (names.length === 0) return
    const [id] = image.localIds.values()
    if (id !== undefined) {
      for (const name of names) await run.mustRun('docker', ['tag', id, name])
      return
    }
    // Everything is in the cache by now: only the last step, into the engine, is done. Without an engine there is no
    // place to run the image at, and one image for several platforms has no place in most engines.
    const args = this.#loadArguments.get(image)
    if (args === undefined || args.some((each) => each.includes(',linux/'))) return
    const engine = await askBuilder('docker', ['version'], this.#env, run.signal)
    if ('reason' in engine) return
    await run.mustRun('docker', [
      ...args.slice(0, -1),
      ...names.flatMap((name) => ['--tag', name]),
      ...args.slice(-1),
    ])
  }

  async listLocal(repository: string, run: BuildRun): Promise<readonly LocalImage[]> {
    const engine = await askBuilder('docker', ['version'], this.#env, run.signal)
    return 'reason' in engine ? [] : listDockerImages(repository, run)
  }

  async removeLocal(image: LocalImage, run: BuildRun): Promise<boolean> {
    return removeDockerImage(image, run)
  }
}
