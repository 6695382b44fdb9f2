import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClientError, isClientError } from '@berth/client/client-error.ts'
import { formatRepositoryAddress } from '@berth/client/image-reference.ts'
import { localFault } from '@berth/client/layout/local-fault.ts'
import type { RegistryClient } from '@berth/client/registry/registry-client.ts'
import type { Output } from '../output.ts'
import { formatDuration } from '../format.ts'
import { BuildLog } from './build-log.ts'
import type { BuildPlan, ServicePlan } from './build-plan.ts'
import { BuildRun } from './build-run.ts'
import { BuildStatus } from './build-status.ts'
import type { Builder, BuiltImage } from './builder.ts'
import { type BuiltPlatform, readPlatforms } from './built-manifest.ts'
import type { ChosenBuilder } from './choose-builder.ts'
import { allowPlainRegistries } from './plain-registries.ts'
import { pushImages } from './push-images.ts'
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

export type BuildReport = {
  readonly outcomes: ReadonlyMap<string, Outcome<Built>>
  /** Why a service that was built could not be pushed, by its name; those without an entry were. */
  readonly pushFaults: ReadonlyMap<string, unknown>
  readonly isPushed: boolean
  readonly times: ReadonlyMap<string, number>
}

/**
 * Builds the services of the plan, then pushes those that could be built: none before the last one is built, and none at
 * all when something failed under `failFast`. With `client` undefined nothing is pushed. `afterwards` is called for the
 * rest of the work while the images are still at hand. Whatever happens, temporary files are gone at the end. Throws
 * `cancelled`; faults of services are in the report.
 */
export async function buildServices(
  plan: BuildPlan,
  { builder, probe }: ChosenBuilder,
  options: BuildOptions,
  parts: {
    readonly output: Output
    readonly client: RegistryClient | undefined
    readonly signal: AbortSignal
  },
): Promise<BuildReport> {
  const { output, client, signal } = parts
  const { env } = output.terminal
  const folder = await makeFolder(temporaryFolder(env))
  const halt = new AbortController()
  const work = new BuildWork(plan, builder, probe.platform, options, {
    output,
    folder,
    signal: AbortSignal.any([signal, halt.signal]),
    onFailed: () => {
      if (options.failFast) halt.abort()
    },
  })
  try {
    const isTls = client === undefined ? true : await speaksTls(plan, client, signal)
    await work.prepare(isTls ? [] : [plan.file.registry])
    const outcomes = await work.run()
    signal.throwIfAborted()
    const built = [...outcomes.values()].flatMap((each) =>
      each.kind === 'done' ? [each.value] : [],
    )
    const isStopped = options.failFast && built.length < outcomes.size
    const isPushed = client !== undefined && !isStopped
    const pushFaults = isPushed ? await pushImages(built, { client, output, signal }) : new Map()
    if (!isStopped) await work.nameLocally(built)
    return { outcomes, pushFaults, isPushed, times: work.times }
  } finally {
    await work.close()
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

class BuildWork {
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
      const repository = formatRepositoryAddress(plan.service.address)
      const names = plan.tags.map((tag) => `${repository}:${tag}`)
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

async function makeFolder(parent: string): Promise<string> {
  try {
    return await mkdtemp(join(parent, 'berth-build-'))
  } catch (error) {
    throw await localFault(error, parent)
  }
}

/** Where images have room: `/tmp` is in memory on many machines, and `/var/tmp` is not. */
function temporaryFolder(env: Readonly<Record<string, string | undefined>>): string {
  if (env.TMPDIR !== undefined && env.TMPDIR !== '') return env.TMPDIR
  return process.platform === 'linux' && existsSync('/var/tmp') ? '/var/tmp' : tmpdir()
}

/** Whether the registry of the file speaks TLS; then base images in it can be pulled by builders as they are. */
async function speaksTls(
  { file }: BuildPlan,
  client: RegistryClient,
  signal: AbortSignal,
): Promise<boolean> {
  const { origin } = await client.probe(file.registry, signal)
  return !origin.startsWith('http:')
}

/** One error for all that failed: the only one as it is, else each with its service. */
export function joinFaults(faults: ReadonlyMap<string, unknown>, count: number): ClientError {
  const [first] = faults.values()
  const kind = first instanceof ClientError ? first.kind : 'toolFailed'
  const lines = [...faults].map(([name, error]) => {
    const next = error instanceof ClientError && error.next !== undefined ? `\n  ${error.next}` : ''
    return `${name}: ${error instanceof Error ? error.message : String(error)}${next}`
  })
  const head = count === 1 ? '' : `${faults.size} of ${count} services failed.\n`
  return new ClientError(kind, `${head}${lines.join('\n')}`, { cause: first })
}
