import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isClientError } from '@berth/client/client-error.ts'
import { formatRepositoryAddress } from '@berth/client/image-reference.ts'
import { formatDuration } from '../format.ts'
import type { Output } from '../output.ts'
import { BuildLog } from './build-log.ts'
import type { BuildPlan, ServicePlan } from './build-plan.ts'
import { BuildRun } from './build-run.ts'
import { BuildStatus } from './build-status.ts'
import type { Builder, BuiltImage } from './builder.ts'
import { type BuiltPlatform, readPlatforms } from './built-manifest.ts'
import { allowPlainRegistries } from './plain-registries.ts'
import { type Outcome, schedule } from './schedule.ts'
import { writeSecretFiles } from './secret-files.ts'

export type BuildOptions = {
  readonly parallel: number
  readonly noCache: boolean
  readonly failFast: boolean
  readonly cacheFrom: readonly string[]
  readonly cacheTo: readonly string[]
}

/** A service that was built, and perhaps pushed. */
export type Built = {
  readonly plan: ServicePlan
  readonly image: BuiltImage
  readonly root: Awaited<ReturnType<typeof readPlatforms>>['root']
  readonly platforms: readonly BuiltPlatform[]
  readonly milliseconds: number
  readonly log: string
}

/** The building itself: what all services need, then each with its log, in order. `close` has to be called. */
export class BuildWork {
  readonly times = new Map<string, number>()
  readonly #plan: BuildPlan
  readonly #builder: Builder
  readonly #platform: string
  readonly #options: BuildOptions
  readonly #output: Output
  readonly #folder: string
  readonly #signal: AbortSignal
  readonly #onFailed: () => void
  readonly #logs = new Map<string, BuildLog>()
  readonly #images = new Map<string, BuiltImage>()
  #secrets: Awaited<ReturnType<typeof writeSecretFiles>> = new Map()
  #registryEnv: Readonly<Record<string, string>> = {}

  constructor(
    plan: BuildPlan,
    builder: Builder,
    platform: string,
    options: BuildOptions,
    parts: { output: Output; folder: string; signal: AbortSignal; onFailed: () => void },
  ) {
    this.#plan = plan
    this.#builder = builder
    this.#platform = platform
    this.#options = options
    this.#output = parts.output
    this.#folder = parts.folder
    this.#signal = parts.signal
    this.#onFailed = parts.onFailed
  }

  async prepare(plainRegistries: readonly string[]): Promise<void> {
    const { env } = this.#output.terminal
    const { services, file } = this.#plan
    this.#secrets = await writeSecretFiles(
      services.map(({ service }) => service),
      { folder: this.#folder, base: file.folder, env },
    )
    this.#registryEnv = await allowPlainRegistries(plainRegistries, this.#folder, env)
    for (const { service } of services) {
      this.#logs.set(service.name, await BuildLog.open(file.folder, service.name))
    }
  }

  async run(): Promise<ReadonlyMap<string, Outcome<Built>>> {
    const { services } = this.#plan
    const names = new Set(services.map(({ service }) => service.name))
    const items = services.map((plan) => ({
      plan,
      name: plan.service.name,
      dependsOn: plan.service.dependsOn.filter((name) => names.has(name)),
    }))
    const status = new BuildStatus(this.#output)
    try {
      return await schedule(
        items,
        { parallel: this.#options.parallel, isStopped: () => this.#signal.aborted },
        ({ plan }) => this.#buildOne(plan, status),
      )
    } finally {
      status.close()
    }
  }

  async #buildOne(plan: ServicePlan, status: BuildStatus): Promise<Built> {
    const { service } = plan
    const { name } = service
    const platforms = plan.platforms ?? [this.#platform]
    const startedAt = performance.now()
    const run = this.#runOf(name, (line) => status.line(name, line))
    status.start(name, `building for ${platforms.join(', ')} with ${this.#builder.name}`)
    try {
      const folder = join(this.#folder, name)
      await mkdir(folder)
      const image = await this.#builder.build(
        {
          service,
          dockerfile: plan.dockerfile,
          platforms,
          args: this.#argumentsOf(plan),
          labels: plan.labels,
          annotations: plan.labels,
          epoch: this.#plan.epoch,
          isReproducible: this.#plan.isReproducible,
          secrets: this.#secrets.get(name) ?? [],
          cacheFrom: [...service.cacheFrom, ...this.#options.cacheFrom],
          cacheTo: [...service.cacheTo, ...this.#options.cacheTo],
          noCache: this.#options.noCache,
          names: namesOf(plan),
          bases: new Map(
            service.dependsOn.flatMap((each) => {
              const base = this.#images.get(each)
              return base === undefined ? [] : [[each, base] as const]
            }),
          ),
          folder,
        },
        run,
      )
      this.#images.set(name, image)
      const { root, platforms: made } = await readPlatforms(image.source, image.reference)
      const milliseconds = performance.now() - startedAt
      this.times.set(name, milliseconds)
      const hits = `${image.cacheHits} of ${image.steps} steps from the cache`
      status.end(name, `built in ${formatDuration(milliseconds)}, ${hits}`)
      return { plan, image, root, platforms: made, milliseconds, log: run.log.path }
    } catch (error) {
      this.times.set(name, performance.now() - startedAt)
      status.end(name, isClientError(error, 'cancelled') ? 'stopped' : 'failed')
      this.#onFailed()
      throw error
    }
  }

  #argumentsOf({ service }: ServicePlan): Readonly<Record<string, string>> {
    const { epoch } = this.#plan
    return { ...(epoch !== undefined && { SOURCE_DATE_EPOCH: String(epoch) }), ...service.args }
  }

  /** So that what was built can be run here, under the names that it has in the registry. */
  async nameLocally(built: readonly Built[]): Promise<void> {
    for (const { plan, image } of built) {
      const names = namesOf(plan)
      try {
        await this.#builder.tagLocally(image, names, this.#runOf(plan.service.name))
      } catch (error) {
        if (isClientError(error, 'cancelled')) throw error
        this.#output.warn(
          `${plan.service.name} has no name in ${this.#builder.name}: ${(error as Error).message}`,
        )
      }
    }
  }

  #runOf(name: string, onLine?: (line: string) => void): BuildRun {
    const log = this.#logs.get(name)
    if (log === undefined) throw new Error(`there is no log for ${name}`)
    return new BuildRun({
      log,
      signal: this.#signal,
      // What builders leave when they are stopped goes with the folder.
      env: { ...this.#output.terminal.env, TMPDIR: this.#folder, ...this.#registryEnv },
      cwd: this.#plan.file.folder,
      ...(onLine !== undefined && { onLine }),
    })
  }

  async close(): Promise<void> {
    for (const log of this.#logs.values()) await log.close()
  }
}

function namesOf({ service, tags }: ServicePlan): readonly string[] {
  const repository = formatRepositoryAddress(service.address)
  return tags.map((tag) => `${repository}:${tag}`)
}
