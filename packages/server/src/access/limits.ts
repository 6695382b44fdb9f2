import type { RepositoryAction } from '../actor.ts'
import type { AddressList } from './address-list.ts'
import { type Glob, matchesAny } from './glob.ts'

/** What narrows a credential: a robot, a key, a rule for workloads. `undefined` does not narrow. */
export type Limits = {
  readonly actions: ReadonlySet<RepositoryAction> | undefined
  /** Globs on whole repository names. */
  readonly repositories: readonly Glob[] | undefined
  /** Nothing outside the project of this name; `''` is the root, which covers all. */
  readonly project: string | undefined
  /** Milliseconds since 1970. */
  readonly expiresAt: number | undefined
  readonly addresses: AddressList | undefined
}

export const unlimited: Limits = {
  actions: undefined,
  repositories: undefined,
  project: undefined,
  expiresAt: undefined,
  addresses: undefined,
}

/** Whether the credential reaches so far at all; what its owner may is another question. */
export function limitsAllow(limits: Limits, action: RepositoryAction, repository: string): boolean {
  return (
    (limits.actions === undefined || limits.actions.has(action)) &&
    (limits.project === undefined || isWithin(repository, limits.project)) &&
    (limits.repositories === undefined || matchesAny(limits.repositories, repository))
  )
}

/** Whether the credential may be used from this address at this time (milliseconds since 1970). */
export function limitsAdmit(limits: Limits, use: { address: string; now: number }): boolean {
  return (
    (limits.expiresAt === undefined || use.now < limits.expiresAt) &&
    (limits.addresses === undefined || limits.addresses.contains(use.address))
  )
}

/** Whether a repository or project is the project or below it, by whole components. */
export function isWithin(name: string, project: string): boolean {
  return project === '' || name === project || name.startsWith(`${project}/`)
}
