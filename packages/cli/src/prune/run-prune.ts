import { isClientError } from '@berth/client/client-error.ts'
import type { CommandContext } from '../context.ts'
import { exitNameOf } from '../exit-codes.ts'
import { formatDuration } from '../format.ts'
import { askConfirmation } from '../prompt.ts'
import { findRepositories } from './find-repositories.ts'
import type { FindLock } from './locks.ts'
import type { PruneRules } from './prune-rules.ts'
import {
  count,
  exitOf,
  formatOutcome,
  formatPlan,
  type PrunedRepository,
  toReport,
} from './prune-report.ts'
import { removeImages } from './remove-images.ts'
import { planRepository, removedBy, type RepositoryPlan } from './repository-plan.ts'

export type PruneRequest = {
  readonly repositories: readonly string[]
  readonly rules: PruneRules
  readonly findLock: FindLock
  readonly isDryRun: boolean
  /** Do it without asking. */
  readonly isAgreed: boolean
  readonly withKept: boolean
  readonly withSizes: boolean
}

/** Rows of a plan that somebody is asked to agree to. */
const shownMax = 40
const noteEveryMs = 5000

/** Plans, shows the plan, asks, deletes, and tells what became of it. Throws what stands in the way of planning. */
export async function runPrune(context: CommandContext, request: PruneRequest): Promise<void> {
  const { output } = context
  const plans = await planAll(context, request)
  const going = plans.flatMap(({ plan }) => removedBy(plan))
  const pending = plans.map((plan): PrunedRepository => ({ ...plan, outcomes: new Map() }))
  const planText = (max: number): string =>
    toReport(pending, true)
      .repositories.map((each) =>
        formatPlan(each, { width: output.columns, max, withKept: request.withKept }),
      )
      .join('\n\n')
  if (request.isDryRun || going.length === 0) {
    output.result({
      json: toReport(pending, request.isDryRun),
      text: output.isJson ? '' : planText(Number.POSITIVE_INFINITY),
    })
    return
  }
  output.note(planText(shownMax))
  if (!request.isAgreed) {
    const where =
      plans.length === 1
        ? (plans[0]?.repository.name ?? '')
        : count(plans.length, 'repository').replace(/ys$/, 'ies')
    const isWanted = await askConfirmation(output, {
      text: `Delete ${count(going.length, 'image')} of ${where}? This cannot be undone.`,
      otherwise: 'Give --yes to do it, or --dry-run to see the plan alone.',
    })
    if (!isWanted) {
      output.note('Nothing was deleted.')
      return
    }
  }
  const done: PrunedRepository[] = []
  for (const plan of plans) done.push(await removeAll(context, plan))
  const report = toReport(done, false)
  output.result({ json: report, text: output.isJson ? '' : formatOutcome(report) })
  const exit = exitOf(done)
  if (exit !== 'done') output.exit = exit
}

/** Of several repositories one that cannot be planned is told, and the others go on. */
async function planAll(context: CommandContext, request: PruneRequest): Promise<RepositoryPlan[]> {
  const { output, signal } = context
  const { rules, findLock, withSizes } = request
  const client = await context.client()
  const addresses = await findRepositories(client, request.repositories, signal)
  const now = new Date()
  const plans: RepositoryPlan[] = []
  for (const address of addresses) {
    const repository = client.repository(address)
    const begun = Date.now()
    try {
      const api = await client.apiOf(address.registry, signal)
      plans.push(await planRepository(repository, { api, rules, findLock, now, withSizes, signal }))
    } catch (error) {
      const isAlone = addresses.length === 1 || !isClientError(error) || error.kind === 'cancelled'
      if (isAlone) throw error
      output.warn(`${repository.name} was left out: ${error.message}`)
      output.exit = exitNameOf[error.kind]
    }
    const tookMs = Date.now() - begun
    if (tookMs > noteEveryMs)
      output.note(`${repository.name} was read in ${formatDuration(tookMs)}.`)
  }
  return plans
}

async function removeAll(context: CommandContext, plan: RepositoryPlan): Promise<PrunedRepository> {
  const { output, signal } = context
  const { repository, api, isListedByApi } = plan
  const { verdicts } = plan.plan
  const knownTags = new Set<string>(verdicts.flatMap(({ image }) => image.tags))
  let told = Date.now()
  const outcomes = await removeImages(removedBy(plan.plan), {
    repository,
    api,
    knownTags,
    isListedByApi,
    signal,
    onDone: (done, total) => {
      if (Date.now() - told < noteEveryMs) return
      told = Date.now()
      output.note(`${repository.name}: ${done} of ${total}`)
    },
  })
  return { ...plan, outcomes: new Map(outcomes.map((each) => [each.digest, each])) }
}
