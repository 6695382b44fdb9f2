import {
  formatRepositoryAddress,
  parseImageReference,
  type RepositoryAddress,
} from '@berth/client/image-reference.ts'
import { isClientError } from '@berth/client/client-error.ts'
import type { Engine, EngineImage } from '../engines/engine.ts'
import { compareVersions, isRelease } from '../version-order.ts'

export type CleanPlan = {
  /** Names, the newest first. */
  readonly kept: readonly string[]
  readonly removed: readonly string[]
  /** Old enough, and a container uses them. */
  readonly used: readonly string[]
}

/**
 * Which names of a repository go from an engine when the `newest` ones stay. Versions are ordered as versions when all
 * of them are, else by the time at which they were made. What a container uses, running or not, never goes.
 */
export async function planClean(
  engine: Engine,
  address: RepositoryAddress,
  { newest, always, signal }: { newest: number; always: readonly string[]; signal: AbortSignal },
): Promise<CleanPlan> {
  const repository = formatRepositoryAddress(address)
  const images = (await engine.listImages(signal)).flatMap((image) => {
    const tag = tagIn(image.name, repository)
    return tag === undefined ? [] : [{ image, tag }]
  })
  const isVersioned = images.every(({ tag }) => isRelease(tag))
  images.sort((a, b) =>
    isVersioned
      ? compareVersions(a.tag, b.tag)
      : timeOf(b.image) - timeOf(a.image) || compareVersions(a.tag, b.tag),
  )
  const names = images.map(({ tag }) => `${repository}:${tag}`)
  const isKept = (name: string, at: number): boolean => at < newest || always.includes(name)
  const old = images.filter((_, at) => !isKept(names[at] ?? '', at))
  const inUse = await engine.listUsed(signal)
  const nameOf = ({ tag }: { tag: string }): string => `${repository}:${tag}`
  return {
    kept: names.filter(isKept),
    removed: old.filter((each) => !isUsed(each.image, inUse)).map(nameOf),
    used: old.filter((each) => isUsed(each.image, inUse)).map(nameOf),
  }
}

/** Removes what a plan names. What a container uses by now stays. Gives what is gone. */
export async function applyClean(
  engine: Engine,
  plan: CleanPlan,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const gone: string[] = []
  for (const name of plan.removed) {
    const image = await engine.findImage(name, signal)
    if (image === undefined || isUsed(image, await engine.listUsed(signal))) continue
    await engine.removeImage(name, signal)
    gone.push(name)
  }
  return gone
}

/** Engines name images by id, short or long, or by name. */
function isUsed({ id, name, digest }: EngineImage, used: ReadonlySet<string>): boolean {
  const bare = id.replace(/^sha256:/, '')
  if ((name !== undefined && used.has(name)) || (digest !== undefined && used.has(digest))) {
    return true
  }
  return [...used].some((each) => {
    const other = each.replace(/^sha256:/, '')
    return /^[0-9a-f]{12,}$/.test(other) && (bare.startsWith(other) || other.startsWith(bare))
  })
}

function tagIn(name: string | undefined, repository: string): string | undefined {
  if (name === undefined) return undefined
  try {
    const reference = parseImageReference(name)
    return formatRepositoryAddress(reference) === repository ? reference.tag : undefined
  } catch (error) {
    if (isClientError(error)) return undefined
    throw error
  }
}

function timeOf({ createdAt }: EngineImage): number {
  return createdAt?.getTime() ?? 0
}
