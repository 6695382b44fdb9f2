import { compareDigits, compareText } from './digits.ts'
import type { Scheme } from './scheme.ts'

type Pep440Version = {
  readonly epoch: string
  readonly release: readonly string[]
  /** Rank of the stage (see `stages`) and its number. */
  readonly pre: readonly [number, string]
  /** Absent ones come before 0: `undefined`. */
  readonly post: string | undefined
  /** Absent ones come after all: `undefined`. */
  readonly dev: string | undefined
  readonly local: readonly string[]
}

const shape = new RegExp(
  [
    /^v?(?:(?<epoch>\d+)!)?(?<release>\d+(?:\.\d+)*)/,
    /(?:[-_.]?(?<stage>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?<pre>\d*))?/,
    /(?:-(?<bare>\d+)|[-_.]?(?<isPost>post|rev|r)[-_.]?(?<post>\d*))?/,
    /(?:[-_.]?(?<isDev>dev)[-_.]?(?<dev>\d*))?/,
    /(?:\+(?<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/,
  ]
    .map((part) => part.source)
    .join(''),
)

/** `onlyDev`: 1.0.dev1 is before 1.0a1, though 1.0a1.dev1 is not. */
const stages = { onlyDev: 0, a: 1, b: 2, rc: 3, release: 4 }
const stageOfWord: Readonly<Record<string, number>> = {
  a: stages.a,
  alpha: stages.a,
  b: stages.b,
  beta: stages.b,
  c: stages.rc,
  rc: stages.rc,
  pre: stages.rc,
  preview: stages.rc,
}

/**
 * https://packaging.python.org/en/latest/specifications/version-specifiers/, local versions too. Written here because the
 * library at hand counts in floats and takes `0b1` and `1e5` of a local version for numbers.
 */
export const pep440: Scheme<Pep440Version> = {
  read(text) {
    const groups = shape.exec(text.trim().toLowerCase())?.groups
    if (groups === undefined) return undefined
    const post = groups['isPost'] === undefined ? groups['bare'] : (groups['post'] ?? '')
    const dev = groups['isDev'] === undefined ? undefined : (groups['dev'] ?? '')
    const isOnlyDev = dev !== undefined && post === undefined
    const stage =
      stageOfWord[groups['stage'] ?? ''] ?? (isOnlyDev ? stages.onlyDev : stages.release)
    return {
      epoch: groups['epoch'] ?? '',
      release: (groups['release'] ?? '').split('.'),
      pre: [stage, groups['pre'] ?? ''],
      post,
      dev,
      local: groups['local']?.split(/[-_.]/) ?? [],
    }
  },
  compare(a, b) {
    return (
      compareDigits(a.epoch, b.epoch) ||
      compareReleases(a.release, b.release) ||
      a.pre[0] - b.pre[0] ||
      compareDigits(a.pre[1], b.pre[1]) ||
      compareOptional(a.post, b.post) ||
      // The other way round: a version without dev is the newer one.
      (a.dev === undefined || b.dev === undefined ? -1 : 1) * compareOptional(a.dev, b.dev) ||
      compareLocal(a.local, b.local)
    )
  },
}

function compareReleases(a: readonly string[], b: readonly string[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = compareDigits(a[index] ?? '', b[index] ?? '')
    if (difference !== 0) return difference
  }
  return 0
}

function compareOptional(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined)
  return compareDigits(a, b)
}

function compareLocal(a: readonly string[], b: readonly string[]): number {
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const left = a[index] ?? ''
    const right = b[index] ?? ''
    const isNumberLeft = /^\d+$/.test(left)
    const isNumberRight = /^\d+$/.test(right)
    if (isNumberLeft !== isNumberRight) return isNumberLeft ? 1 : -1
    const difference = isNumberLeft ? compareDigits(left, right) : compareText(left, right)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
