import { type Glob, matches, parseGlob } from './glob.ts'
import { invalidSetting } from './machine-limits.ts'

/** Claims by path, and the globs that they must match, all of them. */
export type ClaimConditions = Readonly<Record<string, string>>

export type ParsedConditions = readonly (readonly [path: string, glob: Glob])[]

const conditionsMax = 20
const pathMax = 128
const depthMax = 8
const valueMax = 4096
const listMax = 1000
/** What every token of an issuer has alike tells nobody apart. */
const common = new Set(['iss', 'aud', 'exp', 'nbf', 'iat', 'jti'])

/**
 * Reads 1 to 20 conditions. One of them at least must tell workloads apart: not match everything, and not be on `iss`,
 * `aud`, `jti` or a time; for on a public CI system the rule would let in the whole world. Throws `requestInvalid`.
 */
export function parseConditions(conditions: ClaimConditions): ParsedConditions {
  const entries = Object.entries(conditions)
  if (entries.length === 0 || entries.length > conditionsMax) {
    throw invalidSetting(
      'conditions',
      'count',
      `has ${entries.length} claims. Accepted are 1 to ${conditionsMax}.`,
    )
  }
  const parsed = entries.map(([path, text]) => {
    if (path === '' || path.length > pathMax || /\p{Cc}/u.test(path)) {
      throw invalidSetting(
        'conditions',
        'claim',
        `names a claim that is not 1 to ${pathMax} characters.`,
      )
    }
    return [path, parseGlob(text, `conditions.${path}`)] as const
  })
  if (parsed.some(([path, glob]) => !common.has(path) && !glob.matchesAnything)) return parsed
  throw invalidSetting(
    'conditions',
    'tooWide',
    'would let in every token of the issuer. Accepted is at least one claim that says who it is, such as sub, with a pattern that has some fixed text.',
  )
}

/** Whether the claims meet every condition. A list meets one by any of its values. */
export function meetsConditions(conditions: ParsedConditions, claims: unknown): boolean {
  return conditions.every(([path, glob]) =>
    textsOf(valueAt(claims, path, 0)).some((text) => matches(glob, text)),
  )
}

/**
 * The claim at a path with dots. Claims may have dots in their names (`kubernetes.io`), so the longest name that is there
 * counts, first of all the whole path, and there is no second try below a shorter one: each path leads to one claim.
 */
function valueAt(claims: unknown, path: string, depth: number): unknown {
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) return undefined
  if (Object.hasOwn(claims, path)) return Reflect.get(claims, path)
  if (depth === depthMax) return undefined
  for (let end = path.lastIndexOf('.'); end > 0; end = path.lastIndexOf('.', end - 1)) {
    const name = path.slice(0, end)
    if (!Object.hasOwn(claims, name)) continue
    return valueAt(Reflect.get(claims, name), path.slice(end + 1), depth + 1)
  }
  return undefined
}

function textsOf(value: unknown): string[] {
  const values: unknown[] = Array.isArray(value) ? value.slice(0, listMax) : [value]
  return values.flatMap((one) => {
    if (typeof one === 'number' || typeof one === 'boolean') return [String(one)]
    return typeof one === 'string' && one.length <= valueMax ? [one] : []
  })
}
