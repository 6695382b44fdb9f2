import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { localFault } from '@berth/client/layout/local-fault.ts'
import type { RegistryClient } from '@berth/client/registry/registry-client.ts'
import type { Output } from '../output.ts'
import type { BuildPlan } from './build-plan.ts'
import { type BuildOptions, BuildWork, type Built } from './build-work.ts'
import type { ChosenBuilder } from './choose-builder.ts'
import { findPlainRegistries } from './plain-registries.ts'
import { pushImages } from './push-images.ts'
import type { Outcome } from './schedule.ts'
import type { openSupplyChain, SupplyChainResult } from './supply-chain.ts'

export type BuildReport = {
  readonly outcomes: ReadonlyMap<string, Outcome<Built>>
  /** Why a service that was built could not be pushed, by its name; those without an entry were. */
  readonly pushFaults: ReadonlyMap<string, unknown>
  readonly isPushed: boolean
  /** What scanning and signing came to, by service; empty when neither was wanted. */
  readonly chain: ReadonlyMap<string, SupplyChainResult>
  readonly times: ReadonlyMap<string, number>
}

type Parts = {
  readonly output: Output
  /** For pushing. */
  readonly client: RegistryClient | undefined
  readonly openClient: () => Promise<RegistryClient>
  readonly signal: AbortSignal
  /** Scans and signs. */
  readonly chain: Awaited<ReturnType<typeof openSupplyChain>>
}

/**
 * Builds the services of the plan, then pushes those that could be built: none before the last one is built, and none at
 * all when something failed under `failFast`. With `client` undefined nothing is pushed. Then they are scanned, and those
 * that passed and were pushed are signed. Whatever happens, temporary files are gone at the end. Throws `cancelled`;
 * faults of services are in the report.
 */
export async function buildServices(
  plan: BuildPlan,
  { builder, probe }: ChosenBuilder,
  options: BuildOptions,
  parts: Parts,
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
    await work.prepare(
      await findPlainRegistries(plan, [...options.cacheFrom, ...options.cacheTo], parts),
    )
    const outcomes = await work.run()
    signal.throwIfAborted()
    const built = [...outcomes.values()].flatMap((each) =>
      each.kind === 'done' ? [each.value] : [],
    )
    const isStopped = options.failFast && built.length < outcomes.size
    const isPushed = client !== undefined && !isStopped
    const pushFaults = isPushed ? await pushImages(built, { client, output, signal }) : new Map()
    if (!isStopped) await work.nameLocally(built)
    const pushed = built.filter(
      ({ plan: { service } }) => isPushed && !pushFaults.has(service.name),
    )
    const chain = isStopped ? new Map() : await parts.chain.run(built, pushed)
    return { outcomes, pushFaults, isPushed, chain, times: work.times }
  } finally {
    await work.close()
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
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
