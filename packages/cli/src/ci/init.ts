import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { ClientError } from '@berth/client/client-error.ts'
import { parseImageReference } from '@berth/client/image-reference.ts'
import { readBuildFile } from '../build/build-file.ts'
import type { CommandContext } from '../context.ts'
import { lockFileName, readLockFile } from '../lock/lock-file.ts'
import { type CiOptions, type CiPlan, planCi } from './ci-plan.ts'
import { githubWorkflow } from './github.ts'
import { gitlabPipeline } from './gitlab.ts'
import { lineDiff } from './line-diff.ts'
import { images } from './pins.ts'
import { type CiSupplyChainFlags, supplyChainNeeds } from './supply-chain.ts'

export type InitOptions = {
  readonly file: string
  readonly systems: readonly ('github' | 'gitlab')[]
  readonly isForced: boolean
  readonly isDryRun: boolean
  readonly isOffline: boolean
  readonly nativeArm: boolean
  readonly source: CiPlan['source']
  readonly supplyChain: CiSupplyChainFlags
}

/** One generated file. `differs`: another text is there, and was left. */
export type InitFile = {
  readonly path: string
  readonly state: 'written' | 'unchanged' | 'differs' | 'planned'
  readonly text: string
  /** What would change; empty for a new file. */
  readonly diff: readonly string[]
}

export type InitResult = {
  readonly files: readonly InitFile[]
  /** What a person should know or do, a sentence each. */
  readonly notes: readonly string[]
}

const patienceMs = 5000

/** Makes the pipelines of a build file. Throws as `readBuildFile` does, and `localFault` when a file cannot be written. */
export async function initCi(context: CommandContext, options: InitOptions): Promise<InitResult> {
  const { cwd, env } = context.terminal
  const build = await readBuildFile(resolve(cwd, options.file), { variables: env })
  const digests = await imageDigests(context, build.folder, options)
  const settings: CiOptions = {
    file: options.file,
    nativeArm: options.nativeArm,
    source: options.source,
    supplyChain: options.supplyChain,
    digestOf: (image) => digests.get(image),
  }
  const plan = planCi(build, settings)
  const files: InitFile[] = []
  for (const system of options.systems) {
    const [path, text] =
      system === 'github'
        ? ['.github/workflows/berth.yml', githubWorkflow(plan)]
        : ['.gitlab-ci.yml', gitlabPipeline(plan)]
    files.push(await put(join(build.folder, path), text, cwd, options))
  }
  return { files, notes: notesOf(plan, options) }
}

async function put(
  path: string,
  text: string,
  cwd: string,
  { isForced, isDryRun }: InitOptions,
): Promise<InitFile> {
  const shown = relative(cwd, path)
  try {
    const before = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (before === text) return { path: shown, state: 'unchanged', text, diff: [] }
    const diff = before === undefined ? [] : lineDiff(before, text)
    if (isDryRun) return { path: shown, state: 'planned', text, diff }
    if (before !== undefined && !isForced) return { path: shown, state: 'differs', text, diff }
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
    return { path: shown, state: 'written', text, diff }
  } catch (cause) {
    throw new ClientError(
      'localFault',
      `${shown} cannot be written: ${(cause as Error).message}.`,
      {
        cause,
      },
    )
  }
}

/** By the lock file, else by the registry; an image that neither tells of is named by its tag. */
async function imageDigests(
  context: CommandContext,
  folder: string,
  { isOffline, systems }: InitOptions,
): Promise<ReadonlyMap<string, string>> {
  const digests = new Map<string, string>()
  if (!systems.includes('gitlab')) return digests
  const lock = await readLockFile(join(folder, lockFileName))
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(patienceMs)])
  await Promise.all(
    Object.values(images).map(async (image) => {
      const locked = lock.images[image]?.digest
      const digest = locked ?? (isOffline ? undefined : await ask(context, image, signal))
      if (digest !== undefined) digests.set(image, digest)
    }),
  )
  return digests
}

async function ask(
  context: CommandContext,
  image: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { registry, repository, tag } = parseImageReference(image)
    if (tag === undefined) return undefined
    const source = (await context.client()).repository({ registry, repository })
    return (await source.resolve({ kind: 'tag', tag }, signal))?.digest
  } catch {
    return undefined
  }
}

function notesOf(plan: CiPlan, { systems }: InitOptions): readonly string[] {
  const notes: string[] = []
  const unpinned = Object.values(plan.images).filter((image) => !image.includes('@'))
  if (systems.includes('gitlab') && unpinned.length > 0) {
    notes.push(
      `Named by tag, as no digest could be found: ${unpinned.join(', ')}. Pin them with "berth lock" and "berth lock apply", or run this again online.`,
    )
  }
  if (!plan.hasLock) {
    notes.push(
      `There is no ${lockFileName}, so nothing checks it. Run "berth lock", then this again.`,
    )
  }
  const together = plan.groups.filter(
    ({ services, cache }) => services.length > 1 && cache === undefined,
  )
  for (const { services } of together) {
    notes.push(
      `${services.join(', ')} are built one upon the other, in one job. To keep a cache for them, say cacheFrom and cacheTo for each in ${plan.file}.`,
    )
  }
  if (plan.source === undefined) {
    notes.push(
      'Set BERTH_PACKAGE_URL and BERTH_PACKAGE_SHA256 in the CI system: where runners get the package of berth (docs/guides/ci.md).',
    )
  }
  if (plan.supplyChain !== undefined) {
    const needs = supplyChainNeeds(plan.supplyChain, 'BERTH_SIGNING_KEY')
    for (const need of needs) notes.push(`The pipeline needs ${need.replace('secret ', '')}.`)
  }
  return notes
}
