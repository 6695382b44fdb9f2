/** What robots, keys and rules for workloads have in common: the checks of what narrows them, and the limits made of it. */
import type { RepositoryAction } from '../actor.ts'
import { BerthError } from '../errors.ts'
import type { Transaction } from '../metadata/database.ts'
import { AddressList } from './address-list.ts'
import { isRepositoryAction } from './authorize.ts'
import type { ChangeContext } from './changes.ts'
import { parseGlob } from './glob.ts'
import type { Limits } from './limits.ts'

const globsMax = 100
const nameGrammar = /^[a-z0-9][a-z0-9._-]{0,63}$/
/** The first that its ISO 8601 text would no longer sort. */
const endOfTime = Date.UTC(10_000, 0, 1)
const dayMs = 86_400_000

/** Who makes or changes a credential for a machine. */
export type GrantContext = ChangeContext & {
  /** Throws `denied` unless the caller has the action in this project; absent for commands on the machine itself. */
  readonly grant?: (tx: Transaction, action: RepositoryAction, project: string) => Promise<void>
}

/** Nobody hands on what they do not have. Throws `denied`. */
export async function requireGrants(
  tx: Transaction,
  context: GrantContext,
  actions: readonly RepositoryAction[],
  project: string,
): Promise<void> {
  for (const action of actions) await context.grant?.(tx, action, project)
}

/** What is left out, or `undefined`, stays. */
export type Change<Settings> = { readonly [Key in keyof Settings]?: Settings[Key] | undefined }

/** The settings with what the change gives. */
export function withChange<Settings extends object>(
  settings: Settings,
  change: Change<Settings>,
): Settings {
  const given = Object.entries(change).filter(([, value]) => value !== undefined)
  return { ...settings, ...Object.fromEntries(given) }
}

/** What narrows a credential, as it is stored. */
export type StoredLimits = {
  readonly actions: readonly RepositoryAction[] | null
  readonly repositories: readonly string[] | null
  readonly allowedAddresses: readonly string[] | null
  readonly expiresAt: string | null
}

/** The stored texts ready to be asked; `project` is the name that nothing outside of it is reached by. */
export function toLimits(stored: StoredLimits, project: string | undefined): Limits {
  return {
    actions: stored.actions === null ? undefined : new Set(stored.actions),
    repositories: stored.repositories?.map((text) => parseGlob(text)),
    project,
    expiresAt: stored.expiresAt === null ? undefined : Date.parse(stored.expiresAt),
    addresses:
      stored.allowedAddresses === null ? undefined : AddressList.parse(stored.allowedAddresses),
  }
}

/** The name of a robot, a key or a rule: none of it needs to be escaped in a shell. Throws `requestInvalid`. */
export function checkMachineName(name: string): void {
  if (nameGrammar.test(name)) return
  throw invalidSetting(
    'name',
    'grammar',
    'is not 1 to 64 lowercase letters, digits, ".", "_" and "-", beginning with a letter or a digit.',
  )
}

/** At least one action, each once. Throws `requestInvalid`. */
export function checkActions(actions: readonly RepositoryAction[]): readonly RepositoryAction[] {
  if (actions.length > 0 && actions.every(isRepositoryAction)) return [...new Set(actions)]
  throw invalidSetting(
    'actions',
    'actions',
    'holds none, or something else than an action. Accepted are one or more of pull, push, createTag, moveTag, deleteTag and delete.',
  )
}

/** 1 to 100 globs. Throws `requestInvalid`. */
export function checkRepositories(globs: readonly string[]): readonly string[] {
  if (globs.length === 0 || globs.length > globsMax) {
    throw invalidSetting(
      'repositories',
      'count',
      `has ${globs.length} patterns. Accepted are 1 to ${globsMax}; the pattern ** is for all repositories.`,
    )
  }
  return globs.map((text, index) => parseGlob(text, `repositories.${index}`).text)
}

/** In their canonical spelling; `null`: from anywhere. Throws `requestInvalid`. */
export function checkAddresses(ranges: readonly string[] | null): readonly string[] | null {
  return ranges && AddressList.parse(ranges, 'allowedAddresses').ranges
}

/**
 * An end in the future, at most `maxLifetimeDays` away, as ISO 8601 in UTC; `null` (never) only when there is no maximum.
 * Throws `requestInvalid`.
 */
export function checkExpiry(
  expiresAt: string | null,
  rule: { now: number; maxLifetimeDays: number | undefined },
): string | null {
  const latest =
    rule.maxLifetimeDays === undefined ? undefined : rule.now + rule.maxLifetimeDays * dayMs
  const accepted =
    latest === undefined
      ? 'a time in the future, or null for no end'
      : `a time in the future, not after ${new Date(latest).toISOString()}`
  if (expiresAt === null) {
    if (latest === undefined) return null
    throw invalidSetting('expiresAt', 'maxLifetime', `is missing. Accepted is ${accepted}.`)
  }
  const at = Date.parse(expiresAt)
  if (at > rule.now && at <= (latest ?? endOfTime - 1)) return new Date(at).toISOString()
  throw invalidSetting(
    'expiresAt',
    at > rule.now ? 'maxLifetime' : 'future',
    `is in the past, too far away or no time. Accepted is ${accepted}.`,
  )
}

/** The refusal of one field; `fault` goes on where its name ends. */
export function invalidSetting(field: string, rule: string, fault: string): BerthError {
  return new BerthError('requestInvalid', `${field} ${fault}`, { details: [{ field, rule }] })
}
