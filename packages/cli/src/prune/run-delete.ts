import { ClientError } from '@berth/client/client-error.ts'
import { formatRepositoryAddress, type ImageReference } from '@berth/client/image-reference.ts'
import type { KindApi } from '@berth/client/kinds/kind.ts'
import type { RemoteRepository } from '@berth/client/registry/remote-repository.ts'
import type { Digest } from '@berth/oci/digest.ts'
import type { CommandContext } from '../context.ts'
import { exitNameOf } from '../exit-codes.ts'
import { formatBytes, shortDigest } from '../format.ts'
import { formatAt, referenceOf } from '../image-argument.ts'
import { sumOf } from '../inspect/image-summary.ts'
import { printable } from '../printable.ts'
import { askConfirmation } from '../prompt.ts'
import { formatTable } from '../table.ts'
import type { FindLock } from './locks.ts'
import { type PlannedDeletion, planDeletion } from './plan-deletion.ts'
import { count } from './prune-report.ts'
import { type RemovalOutcome, removeImages } from './remove-images.ts'
import { RepositoryImages } from './repository-images.ts'

export type DeleteRequest = {
  readonly images: readonly ImageReference[]
  readonly findLock: FindLock
  readonly isDryRun: boolean
  readonly isAgreed: boolean
  /** Overrules lock files and indexes that stay. */
  readonly isForced: boolean
}

type Planned = {
  readonly repository: RemoteRepository
  readonly api: KindApi | undefined
  readonly isListedByApi: boolean
  readonly knownTags: ReadonlySet<string>
  readonly deletions: readonly PlannedDeletion[]
}

/** So many manifests are read for their sizes alone. */
const sizesMax = 200

/** Deletes what is named with what only it needs, after showing that. Throws `notFound`, `denied` for what is needed elsewhere. */
export async function runDelete(context: CommandContext, request: DeleteRequest): Promise<void> {
  const { output } = context
  const plans: Planned[] = []
  for (const images of byRepository(request.images))
    plans.push(await plan(context, request, images))
  const table = (): string =>
    plans.map((each) => formatDeletions(each, output.columns)).join('\n\n')
  if (request.isDryRun) {
    output.result({ json: toJson(plans, new Map()), text: output.isJson ? '' : table() })
    return
  }
  output.note(table())
  const all = plans.flatMap(({ deletions }) => deletions)
  const isAgreed =
    request.isAgreed ||
    (await askConfirmation(output, {
      text: `Delete ${count(all.length, 'manifest')}? This cannot be undone.`,
      otherwise: 'Give --yes to do it, or --dry-run to see what would go.',
    }))
  if (!isAgreed) {
    output.note('Nothing was deleted.')
    return
  }
  const outcomes = new Map<Digest, RemovalOutcome>()
  for (const { repository, api, isListedByApi, knownTags, deletions } of plans) {
    const removed = await removeImages(
      deletions.map(({ image }) => image),
      { repository, api, isListedByApi, knownTags, signal: context.signal },
    )
    for (const each of removed) outcomes.set(each.digest, each)
  }
  report(context, plans, outcomes)
}

async function plan(
  { output, client, signal }: CommandContext,
  { findLock, isForced }: DeleteRequest,
  images: readonly ImageReference[],
): Promise<Planned> {
  const [address] = images
  if (address === undefined) throw new ClientError('inputInvalid', 'No image is named.')
  const opened = await client()
  const repository = opened.repository(address)
  const api = await opened.apiOf(address.registry, signal)
  const named = new Set<Digest>()
  for (const image of images) {
    const there = await repository.resolve(referenceOf(image), signal)
    if (there === undefined) {
      throw new ClientError('notFound', `${formatAt(image, referenceOf(image))} does not exist.`)
    }
    named.add(there.digest)
  }
  const known = new RepositoryImages(repository, signal)
  await known.read(api)
  await known.addDigests([...named])
  const list = () => known.list({ findLock, wantsAge: () => false })
  let planned = planDeletion(await list(), named)
  while ((await known.addReferrers(planned.deletions.map(({ image }) => image.digest))) > 0) {
    planned = planDeletion(await list(), named)
  }
  if (planned.objections.length > 0) {
    const why = printable(planned.objections.join(' '))
    if (!isForced) {
      throw new ClientError('denied', `Nothing was deleted in ${repository.name}. ${why}`, {
        next: 'Give --force to delete it nevertheless.',
      })
    }
    output.warn(why)
  }
  const going = new Set(planned.deletions.map(({ image }) => image.digest))
  if (await known.addSizes(sizesMax, going)) planned = planDeletion(await list(), named)
  const knownTags = new Set<string>((await list()).flatMap(({ tags }) => tags))
  return {
    repository,
    api,
    isListedByApi: known.isListedByApi,
    knownTags,
    deletions: planned.deletions,
  }
}

function report(
  { output }: CommandContext,
  plans: readonly Planned[],
  outcomes: ReadonlyMap<Digest, RemovalOutcome>,
): void {
  const failed = [...outcomes.values()].filter(({ fault }) => fault !== undefined)
  const done = outcomes.size - failed.length
  const lines = failed.map(
    ({ digest, outcome, fault }) =>
      `${shortDigest(digest)}: ${outcome}: ${printable(fault?.message ?? '')}${fault?.next === undefined ? '' : ` ${fault.next}`}`,
  )
  output.result({
    json: toJson(plans, outcomes),
    text: [
      `Deleted ${count(done, 'manifest')}${failed.length === 0 ? '.' : `; ${failed.length} not:`}`,
      ...lines,
    ].join('\n'),
  })
  const fault = failed.find(({ outcome }) => outcome === 'failed')?.fault
  if (fault !== undefined) output.exit = exitNameOf[fault.kind]
}

/** What `berth delete --json` prints. */
function toJson(plans: readonly Planned[], outcomes: ReadonlyMap<Digest, RemovalOutcome>): object {
  return {
    repositories: plans.map(({ repository, deletions }) => ({
      repository: repository.name,
      delete: deletions.map(({ image, reason }) => ({
        digest: image.digest,
        tags: image.tags,
        reason,
        outcome: outcomes.get(image.digest)?.outcome ?? 'planned',
        fault: outcomes.get(image.digest)?.fault?.message ?? null,
      })),
    })),
  }
}

function formatDeletions({ repository, deletions }: Planned, width: number | undefined): string {
  const rows = deletions.map(({ image, reason }) => [
    image.tags.length === 0 ? '-' : printable(image.tags.join(', ')),
    shortDigest(image.digest),
    image.kind,
    image.weights === undefined ? '-' : formatBytes(sumOf(image.weights)),
    reason,
  ])
  const columns = [
    { title: 'TAGS', shrinks: true },
    { title: 'DIGEST' },
    { title: 'KIND' },
    { title: 'SIZE', align: 'right' as const },
    { title: 'WHY', shrinks: true },
  ]
  return `${repository.name}: ${count(deletions.length, 'manifest')} would go.\n${formatTable(columns, rows, width)}`
}

function byRepository(images: readonly ImageReference[]): readonly (readonly ImageReference[])[] {
  const groups = Map.groupBy(images, (image) => formatRepositoryAddress(image))
  return [...groups.values()]
}
