import type { Visibility } from '../actor.ts'
import { BerthError } from '../errors.ts'
import type { ProjectSettings, StoredProject } from '../metadata/projects.ts'

/** One setting of a project: what it says itself, what holds, and the project which says so. */
export type Setting<Value> = {
  /** `null`: as the project above has it. */
  readonly own: Value | null
  /** `null`: no project up to the root says anything, so there is no limit. */
  readonly effective: Value | null
  /** Name of the project that `effective` comes from, `''` for the instance. */
  readonly from: string | null
}

export type EffectiveSettings = {
  /** `private` where nobody says anything. */
  readonly visibility: Setting<Visibility> & { readonly effective: Visibility }
  readonly quotaBytes: Setting<number>
  readonly quotaRepositories: Setting<number>
  readonly allowedAddresses: Setting<readonly string[]>
}

/** What holds for the last project of the chain, which begins at the root: the nearest that says something decides. */
export function effectiveSettings(chain: readonly StoredProject[]): EffectiveSettings {
  const visibility = settle(chain, 'visibility')
  return {
    visibility: { ...visibility, effective: visibility.effective ?? 'private' },
    quotaBytes: settle(chain, 'quotaBytes'),
    quotaRepositories: settle(chain, 'quotaRepositories'),
    allowedAddresses: settle(chain, 'allowedAddresses'),
  }
}

function settle<Name extends keyof ProjectSettings>(
  chain: readonly StoredProject[],
  name: Name,
): Setting<NonNullable<ProjectSettings[Name]>> {
  const source = chain.findLast((project) => project[name] !== null)
  return {
    own: chain.at(-1)?.[name] ?? null,
    effective: source?.[name] ?? null,
    from: source?.name ?? null,
  }
}

/** Why the quotas cannot be set; `undefined` when they can. They are whole numbers from 0 up to 2^53 - 1, or `null`. */
export function quotaFault(quotas: Readonly<Record<string, number | null | undefined>>) {
  const field = Object.keys(quotas).find((name) => {
    const quota = quotas[name]
    return typeof quota === 'number' && !(Number.isSafeInteger(quota) && quota >= 0)
  })
  if (field === undefined) return undefined
  return new BerthError(
    'requestInvalid',
    `${field} is not a quota. Accepted are whole numbers from 0 to ${Number.MAX_SAFE_INTEGER}, and null for none.`,
    { details: [{ field, rule: 'quota' }] },
  )
}
