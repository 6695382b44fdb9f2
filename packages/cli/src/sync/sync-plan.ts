import { ClientError } from '@berth/client/client-error.ts'
import {
  formatRepositoryAddress,
  parseRepositoryAddress,
  type RepositoryAddress,
} from '@berth/client/image-reference.ts'
import type { RegistryClient } from '@berth/client/registry/registry-client.ts'
import type { Digest } from '@berth/oci/digest.ts'
import type { TagName } from '@berth/oci/reference.ts'
import { splitRepositoryGlob } from '../image-argument.ts'
import { mapLimited } from '../limited.ts'
import { parsePattern, type Pattern } from '../pattern.ts'
import { compareVersions } from '../version-order.ts'

export type SyncRules = {
  /** `registry/glob`, or whole names of repositories. */
  readonly sources: readonly string[]
  /** `registry`, or `registry/prefix`. */
  readonly target: string
  /** Tags that are wanted; all without any. */
  readonly tags: readonly Pattern[]
  readonly excluded: readonly Pattern[]
  /** Only so many of each repository, the newest versions first. */
  readonly latest: number | undefined
}

/** One tag and what is to be done with it at the target. */
export type SyncStep = {
  readonly source: RepositoryAddress
  readonly target: RepositoryAddress
  readonly tag: TagName
  readonly digest: Digest
  /** `move`: the target's tag points at something else now. */
  readonly action: 'copy' | 'move' | 'none'
}

const repositoriesAtOnce = 4
const tagsAtOnce = 16

/**
 * Compares the tags of every repository that is meant with those of the target. Nothing is changed. Throws `notFound`
 * when a pattern fits no repository.
 */
export async function planSync(
  rules: SyncRules,
  client: RegistryClient,
  signal: AbortSignal,
): Promise<readonly SyncStep[]> {
  const sources = await expandSources(rules.sources, client, signal)
  const steps = await mapLimited(sources, repositoriesAtOnce, (source) =>
    planRepository(source, rules, client, signal),
  )
  return steps.flat()
}

async function planRepository(
  source: RepositoryAddress,
  rules: SyncRules,
  client: RegistryClient,
  signal: AbortSignal,
): Promise<readonly SyncStep[]> {
  const target = parseRepositoryAddress(`${rules.target}/${source.repository}`)
  const from = client.repository(source)
  const to = client.repository(target)
  const tags = await wantedTags(from.listTags(signal), rules)
  return (
    await mapLimited(tags, tagsAtOnce, async (tag): Promise<SyncStep | undefined> => {
      const reference = { kind: 'tag', tag } as const
      const wanted = await from.resolve(reference, signal)
      // Somebody took it away while the list was read.
      if (wanted === undefined) return undefined
      const there = await to.resolve(reference, signal)
      const isSame = there?.digest === wanted.digest
      const action = isSame ? 'none' : there === undefined ? 'copy' : 'move'
      return { source, target, tag, digest: wanted.digest, action }
    })
  ).filter((step) => step !== undefined)
}

async function wantedTags(
  list: AsyncIterable<TagName>,
  { tags, excluded, latest }: SyncRules,
): Promise<readonly TagName[]> {
  const wanted: TagName[] = []
  for await (const tag of list) {
    const isWanted = tags.length === 0 || tags.some(({ matches }) => matches(tag))
    if (isWanted && !excluded.some(({ matches }) => matches(tag))) wanted.push(tag)
  }
  return wanted.sort(compareVersions).slice(0, latest)
}

/** A whole name needs no catalog, which many registries do not have. */
async function expandSources(
  sources: readonly string[],
  client: RegistryClient,
  signal: AbortSignal,
): Promise<readonly RepositoryAddress[]> {
  const found = new Map<string, RepositoryAddress>()
  for (const text of sources) {
    for (const address of await expandSource(text, client, signal)) {
      found.set(formatRepositoryAddress(address), address)
    }
  }
  return [...found.values()]
}

async function expandSource(
  text: string,
  client: RegistryClient,
  signal: AbortSignal,
): Promise<readonly RepositoryAddress[]> {
  const { registry, glob } = splitRepositoryGlob(text)
  if (glob !== undefined && !/[*?[{]/.test(glob)) return [parseRepositoryAddress(text)]
  const pattern = parsePattern(glob ?? '**')
  const addresses: RepositoryAddress[] = []
  for await (const repository of client.listRepositories(registry, signal)) {
    if (pattern.matches(repository)) addresses.push({ registry, repository })
  }
  if (addresses.length > 0) return addresses
  throw new ClientError('notFound', `No repository of ${registry} fits "${glob ?? '**'}".`, {
    next: `Run "berth repositories ${registry}" to see those that you may read.`,
  })
}
