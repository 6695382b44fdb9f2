import { join } from 'node:path'
import { ClientError } from '@berth/client/client-error.ts'
import { formatRepositoryAddress } from '@berth/client/image-reference.ts'
import type { CommandContext } from '../context.ts'
import { openSource } from '../location.ts'
import { BuildLog } from './build-log.ts'
import { type BuildPlan, planBuild, type PlanOptions, requireTags } from './build-plan.ts'
import type { BuildResult, ServiceResult } from './build-result.ts'
import { BuildRun } from './build-run.ts'
import { type BuildReport, buildServices } from './build-services.ts'
import type { BuildOptions, Built } from './build-work.ts'
import type { BuilderName } from './builder.ts'
import { chooseBuilder, type ChosenBuilder } from './choose-builder.ts'
import { faultsOf, joinFaults } from './join-faults.ts'
import { removeOldImages } from './remove-old.ts'
import { summaryOf } from './scan-summary.ts'
import { openSupplyChain, planSupplyChain, type SupplyChainFlags } from './supply-chain.ts'
import { updateLock } from './update-lock.ts'

export type BuildRequest = PlanOptions &
  BuildOptions & {
    readonly builder: BuilderName | 'auto'
    readonly push: boolean
    readonly dryRun: boolean
    /** Local images to keep of each repository; `undefined`: none is removed. */
    readonly keepLocal: number | undefined
    readonly updateLock: boolean
  } & SupplyChainFlags

type BuildEnd =
  | { readonly kind: 'planned'; readonly plan: BuildPlan; readonly chosen: ChosenBuilder }
  | {
      readonly kind: 'built'
      readonly result: BuildResult
      /** What failed, to be thrown once the result is shown. */
      readonly fault: ClientError | undefined
    }

/**
 * `berth build`: plans, builds, pushes, and does what comes after. All that can be known before is asked first: a tag
 * that cannot be set, a builder that cannot do it, a registry that refuses. Throws those faults, and `cancelled`.
 */
export async function buildImages(
  request: BuildRequest,
  context: CommandContext,
): Promise<BuildEnd> {
  const { output, signal } = context
  const client = request.push ? await context.client() : undefined
  const plan = await planBuild(request, output, client, signal)
  if (request.push) requireTags(plan)
  const chainPlan = planSupplyChain(request, plan.file, request.push)
  const closers: (() => Promise<void>)[] = []
  try {
    const nothing = { scan: undefined, sign: undefined }
    const chain = await openSupplyChain(context, request.dryRun ? nothing : chainPlan, request)
    closers.push(async () => chain.close())
    const work = plan.services.map(({ service, platforms }) => ({ service, platforms }))
    const chosen = await chooseBuilder(
      request.builder,
      work.map(({ service, platforms }) => ({
        service: {
          ...service,
          cacheFrom: [...service.cacheFrom, ...request.cacheFrom],
          cacheTo: [...service.cacheTo, ...request.cacheTo],
        },
        platforms,
      })),
      {
        env: output.terminal.env,
        signal,
        openArchive: async (file) => {
          const location = {
            kind: 'dockerArchive',
            file,
            name: undefined,
            digest: undefined,
          } as const
          const opened = await openSource(location, context)
          closers.push(() => opened.close())
          return opened
        },
      },
    )
    warnOfEmulation(plan, chosen, context)
    if (request.dryRun) return { kind: 'planned', plan, chosen }
    if (client !== undefined) {
      await Promise.all(
        plan.services.map(({ service }) => client.repository(service.address).checkPush(signal)),
      )
    }
    const report = await buildServices(plan, chosen, request, {
      output,
      client,
      signal,
      chain,
      openClient: () => context.client(),
    })
    const pushed = report.isPushed
      ? [...report.outcomes.values()].flatMap((each) =>
          each.kind === 'done' && !report.pushFaults.has(each.value.plan.service.name)
            ? [each.value]
            : [],
        )
      : []
    const passed = pushed.filter(({ plan: { service } }) => isPassed(report, service.name))
    await afterPush(request, plan, passed, context)
    if (request.keepLocal !== undefined) await removeOld(request.keepLocal, plan, chosen, context)
    const faults = faultsOf(report)
    return {
      kind: 'built',
      result: resultOf(plan, chosen, report),
      fault: faults.size === 0 ? undefined : joinFaults(faults, plan.services.length),
    }
  } finally {
    for (const close of closers) await close()
  }
}

function isPassed({ chain }: BuildReport, service: string): boolean {
  return chain.get(service)?.scan?.isPassed !== false
}

/** Copying files takes no emulation, so that a platform which a builder does not name is no fault yet. */
function warnOfEmulation(
  { services }: BuildPlan,
  { builder, probe: { platforms } }: ChosenBuilder,
  { output }: CommandContext,
): void {
  const wanted = new Set(services.flatMap((each) => each.platforms ?? []))
  const missing = platforms && [...wanted].filter((each) => !platforms.includes(each))
  if (missing === undefined || missing.length === 0) return
  output.warn(
    `${builder.name} can run programs of ${platforms?.join(', ')}: a RUN step for ${missing.join(', ')} fails here without QEMU.`,
  )
}

async function afterPush(
  request: BuildRequest,
  plan: BuildPlan,
  pushed: readonly Built[],
  { output }: CommandContext,
): Promise<void> {
  if (pushed.length === 0 || !(request.updateLock || plan.file.lock)) return
  const isNoted = await updateLock(plan, pushed)
  if (!isNoted)
    output.note('There is no build-lock.json to note the digests in; "berth lock" makes one.')
}

async function removeOld(
  keep: number,
  plan: BuildPlan,
  { builder }: ChosenBuilder,
  { output, signal }: CommandContext,
): Promise<void> {
  const log = await BuildLog.open(plan.file.folder, 'remove-old')
  const run = new BuildRun({ log, signal, env: output.terminal.env, cwd: plan.file.folder })
  try {
    for (const { service } of plan.services) {
      const { repository, removed, kept } = await removeOldImages(
        builder,
        service.address,
        keep,
        run,
      )
      for (const name of removed) output.note(`removed ${name} from ${builder.name}`)
      if (kept.length > 0) output.note(`${kept.join(', ')}: in use, kept`)
      if (removed.length + kept.length === 0) output.note(`${repository}: no old images here`)
    }
  } finally {
    await log.close()
  }
}

function resultOf(
  plan: BuildPlan,
  { builder, probe }: ChosenBuilder,
  report: BuildReport,
): BuildResult {
  return {
    builder: builder.name,
    builderVersion: probe.version,
    revision: plan.git.revision ?? null,
    version: plan.version ?? null,
    services: plan.services.map(({ service }): ServiceResult => {
      const outcome = report.outcomes.get(service.name)
      const built = outcome?.kind === 'done' ? outcome.value : undefined
      const former =
        outcome?.kind === 'failed' ? outcome.error : report.pushFaults.get(service.name)
      const chain = report.chain.get(service.name)
      const fault = former ?? chain?.fault
      const isPushed = built !== undefined && report.isPushed && former === undefined
      const platforms = built?.platforms ?? []
      const sum = (pick: (each: (typeof platforms)[number]) => number): number =>
        platforms.reduce((total, each) => total + pick(each), 0)
      return {
        service: service.name,
        image: formatRepositoryAddress(service.address),
        state:
          former !== undefined
            ? 'failed'
            : built === undefined
              ? 'skipped'
              : isPushed
                ? 'pushed'
                : 'built',
        platforms: platforms.map(({ platform, digest, layers, size }) => ({
          platform,
          digest,
          layers,
          size,
        })),
        tags: built?.plan.tags ?? [],
        digest: built?.root.descriptor.digest ?? null,
        size: sum(({ size }) => size),
        layers: sum(({ layers }) => layers),
        milliseconds: Math.round(report.times.get(service.name) ?? 0),
        steps: built?.image.steps ?? 0,
        cacheHits: built?.image.cacheHits ?? 0,
        log:
          outcome === undefined || outcome.kind === 'skipped'
            ? null
            : join(plan.file.folder, '.berth', 'logs', `${service.name}.log`),
        scan: chain?.scan === undefined ? null : summaryOf(chain.scan),
        signature: chain?.signature ?? null,
        fault: fault instanceof Error ? fault.message : null,
      }
    }),
  }
}
