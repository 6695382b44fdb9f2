import { randomBytes } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ClientError } from '@berth/client/client-error.ts'
import { OciLayout } from '@berth/client/layout/oci-layout.ts'
import type { Descriptor } from '@berth/oci/descriptor.ts'
import { parseTagName } from '@berth/oci/reference.ts'
import { askBuilder } from './ask-builder.ts'
import { baseArguments } from './base-arguments.ts'
import type { Service } from './build-file.ts'
import type { BuildRun } from './build-run.ts'
import { BuildSteps } from './build-steps.ts'
import type { Builder, BuilderProbe, BuildOrder, BuiltImage, LocalImage } from './builder.ts'
import { type BuiltPlatform, exportTag, readPlatforms, writeIndex } from './built-manifest.ts'
import { isForBuildxOnly, repositoryCache } from './cache-place.ts'
import { parseLocalImages } from './local-images.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * What buildah and podman have in common: both keep images in the storage of containers/storage, build one platform at a
 * time and export OCI layouts. `BUILDAH_ISOLATION`, `CONTAINERS_STORAGE_CONF` and the like reach them untouched.
 */
export abstract class StorageBuilder implements Builder {
  abstract readonly name: 'buildah' | 'podman'
  protected readonly env: Environment
  #platform = 'linux/amd64'
  #version = ''
  #storage = ''

  constructor(env: Environment) {
    this.env = env
  }

  async probe(signal: AbortSignal): Promise<BuilderProbe> {
    const asked = await askBuilder(this.name, this.infoArguments, this.env, signal)
    if ('reason' in asked) return { kind: 'absent', reason: asked.reason }
    const info = await this.readInfo(asked.answer, signal)
    if ('reason' in info) return { kind: 'absent', reason: info.reason }
    this.#platform = info.platform
    this.#version = info.version
    this.#storage = info.storage
    const { platform, version } = info
    return { kind: 'ready', platform, version, platforms: undefined }
  }

  protected abstract readonly infoArguments: readonly string[]
  protected abstract readInfo(
    answer: string,
    signal: AbortSignal,
  ): Promise<StorageInfo | { reason: string }>
  /** Lists the ids, in full and one a line, of all containers, those of builds included. */
  protected abstract readonly listContainers: readonly string[]
  protected abstract readonly removeContainer: readonly string[]
  /** Lists the ids of the images that containers of any kind use, one a line. */
  protected abstract readonly listUsed: readonly string[]
  /** The first version, major and minor, that keeps its cache in a registry. */
  protected abstract readonly cacheSince: readonly [number, number]

  refusalOf(service: Service): string | undefined {
    const places = [...service.cacheFrom, ...service.cacheTo]
    if (places.length === 0) return undefined
    const foreign = places.find(isForBuildxOnly)
    if (foreign !== undefined) {
      return `${this.name} keeps its build cache in a registry only, not at "${foreign}" (service ${service.name}).`
    }
    const [major = 0, minor = 0] = this.#version.split('.').map(Number)
    const [sinceMajor, sinceMinor] = this.cacheSince
    if (major > sinceMajor || (major === sinceMajor && minor >= sinceMinor)) return undefined
    return `${this.name} ${this.#version} cannot keep its build cache in a registry; ${this.cacheSince.join('.')} can.`
  }

  async build(order: BuildOrder, run: BuildRun): Promise<BuiltImage> {
    const layout = new OciLayout(join(order.folder, 'layout'))
    await mkdir(layout.folder, { recursive: true })
    const localIds = new Map<string, string>()
    const images: { platform: string; descriptor: Descriptor }[] = []
    let [steps, cacheHits] = [0, 0]
    for (const [at, platform] of order.platforms.entries()) {
      const tag = order.platforms.length === 1 ? exportTag : parseTagName(`platform-${at}`)
      const attempt = async (noCache: boolean): Promise<Attempt> => {
        const made = await this.#buildPlatform({ ...order, noCache }, platform, localIds, run)
        const { id } = made
        await run.mustRun(this.name, ['push', '--quiet', id, `oci:${layout.folder}:${tag}`])
        steps += made.steps.steps
        cacheHits += made.steps.cacheHits
        const { platforms } = await readPlatforms(layout, { kind: 'tag', tag })
        return { steps: made.steps, built: platforms[0] }
      }
      let made = await attempt(order.noCache)
      const fault = order.noCache ? undefined : cacheFault(made, platform, order)
      if (fault !== undefined) {
        run.log.write(`The cache gave ${fault}; building for ${platform} without it.\n`)
        made = await attempt(true)
      }
      if (!isWanted(made.built, platform)) {
        throw new ClientError(
          'toolFailed',
          `${this.name} was to build ${order.service.name} for ${platform} and made an image for ${made.built?.platform}.`,
          {
            next: 'Look at the FROM lines: a fixed --platform or a base image without that platform makes this.',
          },
        )
      }
      const descriptor = await layout.resolve({ kind: 'tag', tag })
      if (descriptor === undefined) {
        throw new ClientError('toolFailed', `${this.name} exported no image to ${layout.folder}.`)
      }
      images.push({ platform, descriptor })
    }
    if (images.length > 1) await writeIndex(layout, images, order.annotations, exportTag)
    return {
      source: layout,
      reference: { kind: 'tag', tag: exportTag },
      layout: layout.folder,
      localIds,
      steps,
      cacheHits,
    }
  }

  async #buildPlatform(
    order: BuildOrder,
    platform: string,
    localIds: Map<string, string>,
    run: BuildRun,
  ): Promise<{ id: string; steps: BuildSteps }> {
    const idFile = join(order.folder, 'image-id')
    const steps = new BuildSteps()
    const mark = `berth-${randomBytes(12).toString('hex')}`
    const args = buildArguments(order, platform, [...marker(mark, order), '--iidfile', idFile])
    const output = await run.mustRun(this.name, args).catch(async (error: unknown) => {
      if (run.signal.aborted) await this.#removeContainers(mark, run)
      throw error
    })
    for (const line of output.split('\n')) steps.note(line)
    const id = (await readFile(idFile, 'utf8')).trim()
    localIds.set(platform, id)
    return { id, steps }
  }

  /**
   * Removes the working containers that a stopped build left: it cleans up after a failure, and not when the signal
   * comes between two steps. They have no names of ours; what tells them from those of other builds is the mark, which
   * the storage keeps with each.
   */
  async #removeContainers(mark: string, run: BuildRun): Promise<void> {
    if (this.#storage === '') return
    const options = { isCleaning: true }
    const { status, stdout } = await run.run(this.name, this.listContainers, options)
    if (status !== 0) return
    for (const id of stdout.split('\n').filter((line) => /^[0-9a-f]{12,}$/.test(line))) {
      const state = join(`${this.#storage}-containers`, id, 'userdata/buildah.json')
      const text = await readFile(state, 'utf8').catch(() => '')
      if (text.includes(mark)) await run.run(this.name, [...this.removeContainer, id], options)
    }
  }

  async tagLocally(image: BuiltImage, names: readonly string[], run: BuildRun): Promise<void> {
    const id = image.localIds.get(this.#platform) ?? [...image.localIds.values()][0]
    if (id !== undefined && names.length > 0) {
      await run.mustRun(this.name, ['tag', withoutAlgorithm(id), ...names])
    }
  }

  async listLocal(repository: string, run: BuildRun): Promise<readonly LocalImage[]> {
    const text = await run.mustRun(this.name, ['images', '--json', '--no-trunc'].map(this.listFlag))
    return parseLocalImages(text, repository)
  }

  /** How the program spells a flag of `images`. */
  protected listFlag = (flag: string): string => flag

  async removeLocal(image: LocalImage, run: BuildRun): Promise<boolean> {
    // The names would go one by one, and the last of them only would tell that a container uses the image.
    const used = (await run.mustRun(this.name, this.listUsed)).split('\n')
    const id = withoutAlgorithm(image.id)
    if (used.some((each) => each.length > 11 && id.startsWith(each.trim()))) return false
    const { status } = await run.run(this.name, ['rmi', ...image.names])
    return status === 0
  }
}

export type StorageInfo = {
  readonly platform: string
  readonly version: string
  /** `<root>/<driver>`, to which `-containers` and `-images` are added. */
  readonly storage: string
}

/** A secret that no Dockerfile mounts: it changes neither image nor cache. */
function marker(mark: string, { dockerfile }: BuildOrder): readonly string[] {
  return ['--secret', `id=${mark},src=${dockerfile}`]
}

function buildArguments(
  order: BuildOrder,
  platform: string,
  first: readonly string[],
): readonly string[] {
  const { service, args, labels, annotations, secrets, epoch, noCache } = order
  const pairs = (flag: string, values: Readonly<Record<string, string>>): string[] =>
    Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`])
  return [
    'build',
    '--layers',
    '--force-rm',
    ...first,
    '--platform',
    platform,
    '--file',
    order.dockerfile,
    ...(noCache ? ['--no-cache'] : []),
    ...(epoch === undefined ? [] : ['--timestamp', String(epoch)]),
    ...(service.target === undefined ? [] : ['--target', service.target]),
    ...pairs('--build-arg', { ...args, ...baseArguments(order.bases, platform) }),
    ...pairs('--label', labels),
    ...pairs('--annotation', annotations),
    ...secrets.flatMap(({ id, file }) => ['--secret', `id=${id},src=${file}`]),
    ...service.ssh.flatMap((each) => ['--ssh', each]),
    ...(noCache ? [] : order.cacheFrom.flatMap((each) => ['--cache-from', repositoryCache(each)])),
    ...order.cacheTo.flatMap((each) => ['--cache-to', repositoryCache(each)]),
    service.context,
  ]
}

type Attempt = { readonly steps: BuildSteps; readonly built: BuiltPlatform | undefined }

/**
 * What the cache of buildah and podman gave that was not asked for. It does not tell platforms apart where the base is
 * `scratch`, nor times: a step that was made under another `--timestamp` comes as it is.
 */
function cacheFault(
  { steps, built }: Attempt,
  platform: string,
  { epoch, isReproducible }: BuildOrder,
): string | undefined {
  if (!isWanted(built, platform)) return `an image for ${built?.platform}`
  if (!isReproducible || epoch === undefined || steps.cacheHits === 0) return undefined
  // Each step but FROM leaves an entry; those before are of the base.
  const own = (built?.history ?? []).slice(-Math.max(1, (steps.current?.of ?? 1) - 1))
  const isStale = own.some((created) => created?.getTime() !== epoch * 1000)
  return isStale ? 'steps of another SOURCE_DATE_EPOCH' : undefined
}

/** Whether the image is for the platform that was asked for; a variant that it does not tell is no difference. */
function isWanted(built: BuiltPlatform | undefined, wanted: string): boolean {
  const made = built?.platform
  return made === wanted || made === wanted.split('/').slice(0, 2).join('/')
}

function withoutAlgorithm(id: string): string {
  return id.replace(/^sha256:/, '')
}

/** Where a storage keeps its containers; empty when it does not say. */
export function storageOf(root: string | undefined, driver: string | undefined): string {
  return root === undefined || driver === undefined ? '' : join(root, driver)
}
