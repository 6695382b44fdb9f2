import { repositoryAction } from '@berth/api/limits.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import { LRUCache } from 'lru-cache'
import type { InstanceRole, ProjectRole, RepositoryAction } from '../actor.ts'
import { prepareAccessEpoch } from '../metadata/access-epoch.ts'
import type { Database, Executor, PreparedRead } from '../metadata/database.ts'
import {
  findProjectsNamed,
  hasRepositoryBelow,
  type ProjectRights,
  projectsAfter,
} from '../metadata/principals.ts'
import { AddressList } from './address-list.ts'
import {
  type Action,
  instanceRoleAllows,
  isRepositoryAction,
  type ProjectAction,
  projectRoleAllows,
} from './authorize.ts'
import { mayFoundProjects, type ProjectsOnPush, projectToFound } from './founding.ts'
import { isWithin, limitsAllow } from './limits.ts'
import { loadPrincipal, type PrincipalSettings } from './load-principal.ts'
import { type Decision, formatSubject, type Principal, type Subject } from './principal.ts'

type PermissionSettings = PrincipalSettings & {
  readonly projectsOnPush: ProjectsOnPush
}

const noParameters = {}
const principalsMax = 20_000
const decisionsMax = 2_000
const treePortion = 2_000
/** Deeper than any project may be: what stands further right in a name is within the same project. */
const projectDepthMax = 8

/** What one gets who will own the project once the push is through. */
const founderActions: ReadonlySet<RepositoryAction> = new Set([
  'pull',
  'push',
  'createTag',
  'moveTag',
])

/**
 * Finds out what a subject may do. Everything that was looked up is kept for one access epoch: every change of users,
 * groups, members, projects, robots, keys or rules counts the epoch up in its own transaction, on whichever node, and
 * every request reads it. So a right that was taken away is gone at the next request, and while nothing changes a
 * request costs that one read.
 */
export class Permissions {
  readonly #database: Database
  readonly #epoch: PreparedRead<object, { value: number }>
  readonly #settings: PermissionSettings
  readonly #now: () => number
  readonly #principals = new LRUCache<string, Principal>({ max: principalsMax })
  #readable = new WeakMap<Principal, Promise<'all' | readonly number[]>>()

  constructor(parts: { database: Database; settings: PermissionSettings; now: () => number }) {
    this.#database = parts.database
    this.#settings = parts.settings
    this.#now = parts.now
    this.#epoch = prepareAccessEpoch(parts.database)
  }

  /** What is true of the subject at this moment; `undefined` when it is gone or disabled. `key` is `formatSubject(subject)`. */
  async principal(subject: Subject, key = formatSubject(subject)): Promise<Principal | undefined> {
    // Read before the rest: what is read after it can only be newer than its label.
    const epoch = (await this.epoch())?.value ?? 0
    const known = this.#principals.get(key)
    if (known && this.isFresh(known, epoch)) return known
    const now = this.#now()
    const principal = await loadPrincipal(this.#database.read, subject, this.#settings, {
      epoch,
      now,
    })
    if (principal) this.#principals.set(key, principal)
    else this.#principals.delete(key)
    return principal
  }

  /** The one read that every request makes. */
  epoch(): Promise<{ value: number } | undefined> {
    return this.#epoch.first(noParameters)
  }

  /** Whether what was looked up in this epoch, which was read just now, still holds. */
  isFresh(principal: Principal, epoch: number | undefined): boolean {
    const { goodUntil } = principal
    return principal.epoch === epoch && (goodUntil === undefined || this.#now() < goodUntil)
  }

  /** The same, read in a transaction and not kept. */
  principalIn(tx: Executor, subject: Subject, epoch: number): Promise<Principal | undefined> {
    return loadPrincipal(tx, subject, this.#settings, { epoch, now: this.#now() })
  }

  /** What the principal may do with the repository, existing or not. */
  async decide(principal: Principal, repository: RepositoryName): Promise<Decision> {
    const known = principal.decisions.get(repository)
    if (known) return known
    const decision = await this.decideIn(this.#database.read, principal, repository)
    // A push of somebody else ends it, and pushes count no epoch up.
    if (decision.founds) return decision
    if (principal.decisions.size >= decisionsMax) principal.decisions.clear()
    principal.decisions.set(repository, decision)
    return decision
  }

  /** The same decision by what this executor sees: the database, or a transaction. */
  async decideIn(
    db: Executor,
    principal: Principal,
    repository: RepositoryName,
  ): Promise<Decision> {
    const chain = await projectChain(db, repository)
    const visibility = nearest(chain, (project) => project.visibility)
    const isOpen = visibility !== undefined && isOpenTo(principal, visibility)
    const allowed = nearest(chain, (project) => project.allowedAddresses)
    const founds = chain.length === 1 && (await this.#mayFound(db, principal, repository))
    const actions = repositoryAction.options.filter((action) => {
      if (action === 'pull' && isOpen)
        return principal.isMachine || withinKey(principal, action, repository)
      if (principal.isMachine) return withinKey(principal, action, repository)
      const has = roleAllows(principal, chain, action) || (founds && founderActions.has(action))
      return has && withinKey(principal, action, repository)
    })
    return {
      actions: new Set(actions),
      isOpen,
      founds,
      addresses:
        allowed === undefined ? undefined : AddressList.parse(JSON.parse(allowed) as string[]),
    }
  }

  /** Whether a first push here would create a project of the user's own (setting `access.projectsOnPush`). */
  async #mayFound(db: Executor, principal: Principal, repository: string): Promise<boolean> {
    const name = projectToFound(repository)
    const { actor, instanceRole } = principal
    if (name === undefined) return false
    if (!mayFoundProjects(this.#settings.projectsOnPush, instanceRole, actor)) return false
    // What somebody else has put there without a project stays theirs.
    return !(await hasRepositoryBelow(db, name))
  }

  /** Whether the principal may do this to the project, `''` being the root; `false` when there is none. */
  mayProject(principal: Principal, action: ProjectAction, project: string): Promise<boolean> {
    return mayProjectIn(this.#database.read, principal, action, project)
  }

  /** The projects whose repositories the principal may pull: for lists. One pass over the projects in an epoch at most. */
  readableProjects(principal: Principal): Promise<'all' | readonly number[]> {
    let readable = this.#readable.get(principal)
    if (!readable) {
      readable = this.#readReadable(principal)
      this.#readable.set(principal, readable)
      // A failed look is not kept.
      readable.catch(() => this.#readable.delete(principal))
    }
    return readable
  }

  async #readReadable(principal: Principal): Promise<'all' | readonly number[]> {
    if (seesAll(principal.instanceRole)) return 'all'
    const inherited = new Map<number, { mayPull: boolean; isOpen: boolean }>()
    const late: ProjectRights[] = []
    for (let after = 0; ; ) {
      const portion = await projectsAfter(this.#database.read, after, treePortion)
      late.push(...portion)
      const last = portion.at(-1)
      if (!last) break
      after = last.id
    }
    // Parents come before their children in the order of names.
    const ids: number[] = []
    let everything = true
    for (const project of late.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const above = inherited.get(project.parentId ?? 0) ?? {
        mayPull: instanceRoleAllows(principal.instanceRole, 'pull'),
        isOpen: false,
      }
      const role = principal.memberships.get(project.id)
      const here = {
        mayPull: role === undefined ? above.mayPull : projectRoleAllows(role, 'pull'),
        isOpen:
          project.visibility === null ? above.isOpen : isOpenTo(principal, project.visibility),
      }
      inherited.set(project.id, here)
      const isReadable = principal.isMachine
        ? here.isOpen || principal.limits.some((limits) => overlaps(limits.project, project.name))
        : here.mayPull || here.isOpen
      if (isReadable) ids.push(project.id)
      else everything = false
    }
    return everything ? 'all' : ids
  }
}

/** As `Permissions.mayProject`, by what this executor sees. A key or machine that is narrowed manages nothing. */
export async function mayProjectIn(
  db: Executor,
  principal: Principal,
  action: ProjectAction,
  project: string,
): Promise<boolean> {
  const chain = await projectChain(db, project)
  if (chain[0]?.name !== project) return false
  if (principal.isMachine) {
    return action === 'readProject' && principal.limits.some(({ project: own }) => own === project)
  }
  if (action !== 'readProject' && isNarrowed(principal)) return false
  if (action === 'readProject') {
    const visibility = nearest(chain, (each) => each.visibility)
    if (visibility !== undefined && isOpenTo(principal, visibility)) return true
  }
  return roleAllows(principal, chain, action)
}

/** Whether an API key narrows what its owner may. */
export function isNarrowed(principal: Principal): boolean {
  return principal.limits.some(
    ({ actions, repositories, project }) =>
      actions !== undefined || repositories !== undefined || project !== undefined,
  )
}

function roleAllows(
  principal: Principal,
  chain: readonly ProjectRights[],
  action: Action,
): boolean {
  const { instanceRole } = principal
  if (seesAll(instanceRole)) return instanceRoleAllows(instanceRole, action)
  const role = nearest<ProjectRole>(
    chain,
    (project) => principal.memberships.get(project.id) ?? null,
  )
  return role === undefined
    ? instanceRoleAllows(instanceRole, action)
    : projectRoleAllows(role, action)
}

/** Administrators and auditors, whom no project can shut out. */
function seesAll(role: InstanceRole): boolean {
  return role === 'admin' || role === 'auditor'
}

function withinKey(principal: Principal, action: Action, repository: string): boolean {
  return (
    principal.limits.length === 0 ||
    (isRepositoryAction(action) &&
      principal.limits.some((limits) => limitsAllow(limits, action, repository)))
  )
}

function isOpenTo(principal: Principal, visibility: 'private' | 'internal' | 'public'): boolean {
  return visibility === 'public' || (visibility === 'internal' && principal.isSignedIn)
}

function overlaps(own: string | undefined, project: string): boolean {
  return own === undefined || isWithin(project, own) || isWithin(own, project)
}

/** The projects that a name is in, the nearest first; the root is the last. */
async function projectChain(db: Executor, name: string): Promise<ProjectRights[]> {
  const components = name === '' ? [] : name.split('/').slice(0, projectDepthMax)
  const names = components.map((_, index) => components.slice(0, index + 1).join('/'))
  return findProjectsNamed(db, ['', ...names])
}

function nearest<Value>(
  chain: readonly ProjectRights[],
  of: (project: ProjectRights) => Value | null,
): Value | undefined {
  for (const project of chain) {
    const value = of(project)
    if (value !== null) return value
  }
  return undefined
}
