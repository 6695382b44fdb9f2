import { isClientError } from '@berth/client/client-error.ts'
import { formatRepositoryAddress, parseImageReference } from '@berth/client/image-reference.ts'
import type { Digest } from '@berth/oci/digest.ts'
import type { LockedBase, LockedPlatform, LockFile } from './lock-file.ts'
import { type Pair, pairsOf } from './pairs.ts'

export type DriftState =
  /** Both are built on the same base. */
  | 'same'
  /** They are built on different versions of one base, or are declared a pair and share nothing. */
  | 'drift'
  /** They look like a pair by their names and have nothing in common. */
  | 'unrelated'
  /** The layers of one are not locked, or there is no platform that both have. */
  | 'unknown'

export type Drift = {
  readonly accelerated: string
  readonly plain: string
  readonly isDeclared: boolean
  readonly state: DriftState
  /** Where they were compared: the first platform that differs, else the first that both have. */
  readonly platform: string | undefined
  /** How many layers they share, from the lowest. */
  readonly shared: number
  readonly bases: { readonly accelerated?: LockedBase; readonly plain?: LockedBase }
  /** One sentence. */
  readonly message: string
}

type Subject = {
  readonly name: string
  readonly label: string
  readonly platforms: readonly LockedPlatform[]
  readonly base: LockedBase | undefined
}

/** Compares the bases of each pair of images in the lock. */
export function findDrift(
  lock: LockFile,
  declared: readonly (readonly [string, string])[],
): readonly Drift[] {
  const subjects = new Map<string, Subject>()
  for (const [name, { platforms, base }] of Object.entries(lock.images)) {
    subjects.set(name, { name, label: shortName(name), platforms, base })
  }
  for (const [name, { image, tags, platforms, base }] of Object.entries(lock.services)) {
    const [tag] = tags
    const label = tag === undefined ? name : `${name} (${shortName(`${image}:${tag}`)})`
    subjects.set(name, { name, label, platforms, base })
  }
  return pairsOf([...subjects.keys()], declared).flatMap((pair) => {
    const [a, b] = [subjects.get(pair.accelerated), subjects.get(pair.plain)]
    return a === undefined || b === undefined ? [] : [compare(pair, a, b, lock)]
  })
}

function compare(pair: Pair, a: Subject, b: Subject, lock: LockFile): Drift {
  const common = a.platforms.filter(
    ({ platform, layers }) => layers !== undefined && layersFor(b, platform) !== undefined,
  )
  const drifts = common.map(({ platform }) => compareOn(platform, pair, a, b, lock))
  const worst = drifts.find(({ state }) => state === 'drift') ?? drifts[0]
  if (worst !== undefined) return worst
  // Without layers what the images say of themselves has to do.
  if (a.base?.digest !== undefined && b.base?.digest !== undefined) {
    return compareOn(undefined, pair, a, b, lock)
  }
  const message = `${a.label} and ${b.label} cannot be compared: their layers are not in the lock, or they have no platform in common.`
  return { ...pair, state: 'unknown', platform: undefined, shared: 0, bases: {}, message }
}

function compareOn(
  platform: string | undefined,
  pair: Pair,
  a: Subject,
  b: Subject,
  lock: LockFile,
): Drift {
  const [layersA, layersB] = [layersFor(a, platform) ?? [], layersFor(b, platform) ?? []]
  const shared = sharedCount(layersA, layersB)
  const [baseA, baseB] = [baseOf(a, platform, lock), baseOf(b, platform, lock)]
  const told = (state: DriftState, message: string): Drift => ({
    ...pair,
    state,
    platform,
    shared,
    bases: {
      ...(baseA !== undefined && { accelerated: baseA.base }),
      ...(baseB !== undefined && { plain: baseB.base }),
    },
    message,
  })
  const isOther = pair.isDeclared ? 'drift' : 'unrelated'
  if (baseA !== undefined && baseB !== undefined) {
    const names = `${a.label} is built on ${baseName(baseA.base)}, ${b.label} on ${baseName(baseB.base)}`
    if (baseA.base.digest === baseB.base.digest) return told('same', `${names}.`)
    const isOneBase = repositoryOf(baseA.base.name) === repositoryOf(baseB.base.name)
    return told(isOneBase ? 'drift' : isOther, `${names}.`)
  }
  const known = baseA ?? baseB
  if (known !== undefined) {
    const [owner, other] = baseA === undefined ? [b, a] : [a, b]
    const names = `${owner.label} is built on ${baseName(known.base)}`
    const { layers } = known
    if (layers !== undefined && shared >= layers)
      return told('same', `${names}, and so is ${other.label}.`)
    const part = layers === undefined ? `${shared}` : `${shared} of its ${layers}`
    return told(
      shared > 0 ? 'drift' : isOther,
      `${names}, ${other.label} is not: it has ${part} layers.`,
    )
  }
  if (shared > 0)
    return told('same', `${a.label} and ${b.label} share their lowest ${shared} layers.`)
  return told(isOther, `${a.label} and ${b.label} share no layer.`)
}

type KnownBase = { readonly base: LockedBase; readonly layers: number | undefined }

/** What the image says that it is built on; else the largest locked image whose layers are its lowest ones. */
function baseOf(
  subject: Subject,
  platform: string | undefined,
  lock: LockFile,
): KnownBase | undefined {
  if (subject.base?.digest !== undefined) {
    const { digest } = subject.base
    const locked = Object.values(lock.images).find((each) => each.digest === digest)
    return { base: subject.base, layers: locked && layersFor(locked, platform)?.length }
  }
  const own = layersFor(subject, platform) ?? []
  let best: KnownBase | undefined
  for (const [name, image] of Object.entries(lock.images)) {
    const layers = layersFor(image, platform) ?? []
    if (name === subject.name || layers.length === 0 || layers.length >= own.length) continue
    if (sharedCount(layers, own) < layers.length || layers.length <= (best?.layers ?? 0)) continue
    best = { base: { name, digest: image.digest }, layers: layers.length }
  }
  return best
}

function layersFor(
  { platforms }: { readonly platforms: readonly LockedPlatform[] },
  platform: string | undefined,
): readonly Digest[] | undefined {
  return platforms.find((each) => each.platform === platform)?.layers
}

function sharedCount(a: readonly Digest[], b: readonly Digest[]): number {
  let count = 0
  while (count < a.length && a[count] === b[count]) count += 1
  return count
}

function baseName({ name, digest }: LockedBase): string {
  const bare = shortName(name.split('@')[0] ?? name)
  return digest === undefined ? bare : `${bare}@${digest}`
}

function shortName(reference: string): string {
  return reference.replace(/^docker\.io\/(?:library\/)?/, '')
}

function repositoryOf(name: string): string {
  try {
    return formatRepositoryAddress(parseImageReference(name))
  } catch (error) {
    if (isClientError(error, 'referenceInvalid')) return name
    throw error
  }
}
