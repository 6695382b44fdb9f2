import { ClientError, type ClientErrorKind } from '@berth/client/client-error.ts'
import type { KindApi, Quota } from '@berth/client/kinds/kind.ts'
import type { RegistryClient } from '@berth/client/registry/registry-client.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import type { RegistryContents, RepositoryContents } from './contents.ts'
import { forEachOf, Gate } from './gate.ts'
import type { ManifestCache } from './manifest-cache.ts'
import { ManifestReader } from './manifest-reader.ts'
import { Problems } from './problems.ts'
import { RepositoryReader } from './repository-reader.ts'
import { type InventoryScope, isInScope } from './scope.ts'

export type GatherOptions = {
  readonly signal: AbortSignal
  /** Requests at a time. Default 16. */
  readonly concurrency?: number | undefined
  /** Distinct manifests that are read; the rest is left out, and said so. Default 20,000. */
  readonly imagesMax?: number | undefined
  readonly cache?: ManifestCache | undefined
  /** Counts, to be looked at while it goes on. */
  readonly progress?: GatherProgress | undefined
}

export type GatherProgress = { repositories: number; repositoriesRead: number; manifests: number }

/** What nothing else can make up for: whatever comes next would fail alike. */
const fatal: ReadonlySet<ClientErrorKind> = new Set([
  'cancelled',
  'unreachable',
  'tlsUntrusted',
  'rateLimited',
])

/**
 * Reads what a registry holds: repositories, tags, every distinct manifest once, and the configurations of images.
 * What cannot be read becomes a problem in the result. Throws when nothing at all could be read, when the registry
 * cannot be reached or wants more patience than there is, or when it is stopped.
 */
export async function gatherRegistry(
  client: RegistryClient,
  scope: InventoryScope,
  options: GatherOptions,
): Promise<RegistryContents> {
  const { registry } = scope
  const { signal, concurrency = 16, imagesMax = 20_000, cache } = options
  const progress = options.progress ?? { repositories: 0, repositoriesRead: 0, manifests: 0 }
  const problems = new Problems()
  const kind = await client.kindOf(registry, signal)
  const api = await openApi(client, registry, problems, signal)
  const gate = new Gate(concurrency)
  const manifests = new ManifestReader({ gate, cache, imagesMax, signal, problems, progress })
  const reader = new RepositoryReader({ api, gate, manifests, problems, signal })
  const repositories: RepositoryContents[] = []
  const failures: unknown[] = []

  await forEachOf(listNames(client, scope, problems, signal), concurrency, async (name) => {
    signal.throwIfAborted()
    progress.repositories += 1
    if (manifests.isFull) return
    try {
      repositories.push(await reader.read(client.repository({ registry, repository: name })))
    } catch (error) {
      if (!(error instanceof ClientError) || fatal.has(error.kind)) throw error
      failures.push(error)
      problems.add(`${registry}/${name} could not be read`, error)
    }
    progress.repositoriesRead += 1
  })
  if (repositories.length === 0 && failures.length > 0) throw failures[0]
  if (manifests.isFull) {
    problems.addFirst(
      `It stopped after ${imagesMax} images; --max-images sets where. ${progress.repositories - progress.repositoriesRead} repositories were not looked at.`,
    )
  }
  return {
    registry,
    kind: kind.name,
    isWhole: scope.isWhole && !manifests.isFull && failures.length === 0,
    hasUntagged: reader.hasUntagged,
    repositories: repositories.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    manifests: manifests.known,
    quotas: await readQuotas(api, problems, signal),
    problems: problems.sentences,
  }
}

/** The kind's own interface; without it the protocol alone has to do. */
async function openApi(
  client: RegistryClient,
  registry: string,
  problems: Problems,
  signal: AbortSignal,
): Promise<KindApi | undefined> {
  try {
    return await client.apiOf(registry, signal)
  } catch (error) {
    if (!(error instanceof ClientError) || fatal.has(error.kind)) throw error
    problems.add(`${registry} was read by the distribution protocol alone`, error)
    return undefined
  }
}

async function* listNames(
  client: RegistryClient,
  scope: InventoryScope,
  problems: Problems,
  signal: AbortSignal,
): AsyncGenerator<RepositoryName, void> {
  const { registry, names, patterns } = scope
  yield* names
  if (patterns.length === 0) return
  const given = new Set<RepositoryName>(names)
  try {
    for await (const name of client.listRepositories(registry, signal)) {
      if (given.has(name) || !isInScope(scope, name)) continue
      given.add(name)
      yield name
    }
  } catch (error) {
    if (!(error instanceof ClientError) || fatal.has(error.kind)) throw error
    if (given.size > 0) {
      problems.add(`Not all repositories of ${registry} could be listed`, error)
      return
    }
    throw new ClientError(error.kind, error.message, {
      cause: error,
      status: error.status,
      codes: error.codes,
      next: ['unsupported', 'notFound'].includes(error.kind)
        ? `${registry} does not list its repositories: name them one by one.`
        : error.next,
    })
  }
}

async function readQuotas(
  api: KindApi | undefined,
  problems: Problems,
  signal: AbortSignal,
): Promise<readonly Quota[]> {
  if (api?.readQuotas === undefined) return []
  try {
    return await api.readQuotas(signal)
  } catch (error) {
    if (!(error instanceof ClientError) || error.kind === 'cancelled') throw error
    problems.add('Quotas could not be read', error)
    return []
  }
}
