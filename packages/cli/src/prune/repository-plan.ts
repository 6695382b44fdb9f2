import type { KindApi } from '@berth/client/kinds/kind.ts'
import { ClientError } from '@berth/client/client-error.ts'
import type { RemoteRepository } from '@berth/client/registry/remote-repository.ts'
import type { FindLock } from './locks.ts'
import { needsAge, planPrune, type PrunePlan } from './plan.ts'
import type { PrunableImage } from './prunable-image.ts'
import type { PruneRules } from './prune-rules.ts'
import { RepositoryImages } from './repository-images.ts'

export type RepositoryPlan = {
  readonly repository: RemoteRepository
  readonly api: KindApi | undefined
  readonly plan: PrunePlan
  readonly isListedByApi: boolean
  /** What the plan could not take into account, in whole sentences. */
  readonly remarks: readonly string[]
}

/** So many manifests are read for their sizes alone without being asked. */
const sizesMax = 2000

/**
 * Reads a repository and plans what goes. Throws `notFound`; `unsupported` when a rule asks for pull dates and the
 * registry tells none.
 */
export async function planRepository(
  repository: RemoteRepository,
  given: {
    api: KindApi | undefined
    rules: PruneRules
    findLock: FindLock
    now: Date
    /** Read all sizes, however many requests that takes. */
    withSizes: boolean
    signal: AbortSignal
  },
): Promise<RepositoryPlan> {
  const { api, rules, findLock, now, withSizes, signal } = given
  const images = new RepositoryImages(repository, signal)
  await images.read(api)
  if (rules.keepPulledWithin !== undefined && !images.tellsPulls) {
    throw new ClientError(
      'unsupported',
      `${repository.address.registry} does not tell when an image of ${repository.name} was last pulled.`,
      { next: 'Leave --keep-pulled-within away, or keep what is in use by --keep or a lock file.' },
    )
  }
  const make = async (): Promise<PrunePlan> =>
    planPrune(
      await images.list({ findLock, wantsAge: (image) => needsAge(image, rules) }),
      rules,
      now,
    )
  let plan = await make()
  while ((await images.addReferrers(removedBy(plan).map(({ digest }) => digest))) > 0)
    plan = await make()
  if (
    removedBy(plan).length > 0 &&
    (await images.addSizes(withSizes ? Number.POSITIVE_INFINITY : sizesMax))
  ) {
    plan = await make()
  }
  return {
    repository,
    api,
    plan,
    isListedByApi: images.isListedByApi,
    remarks: remarksOn(images, rules),
  }
}

/** What a plan takes away. */
export function removedBy({ verdicts }: PrunePlan): readonly PrunableImage[] {
  return verdicts.filter(({ action }) => action === 'remove').map(({ image }) => image)
}

function remarksOn(images: RepositoryImages, rules: PruneRules): readonly string[] {
  const remarks: string[] = []
  if (images.refusal !== undefined) {
    remarks.push(
      `The registry's own interface refused, so the protocol was used: ${images.refusal.message}`,
    )
  }
  if (rules.untagged && !images.isListedByApi) {
    remarks.push(
      'This registry lists no untagged manifests: only those that something leads to were looked at.',
    )
  }
  return remarks
}
