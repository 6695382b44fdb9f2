import type { RepositoryName } from '@berth/oci/reference.ts'
import type { Actor, RepositoryAction } from '../actor.ts'
import { BerthError } from '../errors.ts'
import { holdAccessEpoch } from '../metadata/access-epoch.ts'
import type { Transaction } from '../metadata/database.ts'
import { type InstanceAction, instanceRoleAllows, type ProjectAction } from './authorize.ts'
import type { Caller, CredentialKind } from './caller.ts'
import { type Limits, limitsAdmit, limitsAllow } from './limits.ts'
import { isNarrowed, mayProjectIn, type Permissions } from './permissions.ts'
import type { Decision, Principal, Subject } from './principal.ts'
import { type Grants, grantsAllow } from './scopes.ts'

/** The caller of one request: a principal as of that moment, within what the credentials are good for. */
export class RequestCaller implements Caller {
  readonly actor: Actor
  readonly credentials: CredentialKind
  readonly sessionId: string | undefined
  readonly #permissions: Permissions
  readonly #subject: Subject
  readonly #principal: Principal
  /** What a bearer token was issued for; `undefined` when it is not one. */
  readonly #grants: Grants | undefined
  readonly #readAddress: () => string
  readonly #now: () => number
  #address: string | undefined

  constructor(parts: {
    permissions: Permissions
    subject: Subject
    principal: Principal
    credentials: CredentialKind
    grants?: Grants | undefined
    sessionId?: string | undefined
    address: () => string
    now: () => number
  }) {
    this.actor = parts.principal.actor
    this.credentials = parts.credentials
    this.sessionId = parts.sessionId
    this.#permissions = parts.permissions
    this.#subject = parts.subject
    this.#principal = parts.principal
    this.#grants = parts.grants
    this.#readAddress = parts.address
    this.#now = parts.now
  }

  get isPersonal(): boolean {
    return this.actor.kind === 'user' && this.credentials !== 'token' && this.credentials !== 'key'
  }

  /** Looked up when somebody asks: most requests need it for nothing. */
  get address(): string {
    this.#address ??= this.#readAddress()
    return this.#address
  }

  async may(action: RepositoryAction, repository: RepositoryName): Promise<boolean> {
    if (this.#grants !== undefined && !grantsAllow(this.#grants, action, repository)) return false
    return this.couldWithToken(action, repository)
  }

  /** Whether a token for it would be granted: what the caller may, leaving aside what the one presented is for. */
  async couldWithToken(action: RepositoryAction, repository: RepositoryName): Promise<boolean> {
    const principal = this.#principal
    const known = principal.decisions.get(repository)
    const decision = known ?? (await this.#permissions.decide(principal, repository))
    return this.#isAllowed(principal, decision, action, repository)
  }

  async mayProject(action: ProjectAction, project: string): Promise<boolean> {
    return this.#managesNow() && this.#permissions.mayProject(this.#principal, action, project)
  }

  mayInstance(action: InstanceAction): boolean {
    if (action === 'catalog' && this.#grants !== undefined) {
      return this.#grants.catalog && mayList(this.#principal)
    }
    return this.#managesNow() && mayInstance(this.#principal, action)
  }

  async require(
    tx: Transaction,
    action: RepositoryAction,
    repository: RepositoryName,
  ): Promise<void> {
    const principal = await this.#hold(tx)
    const isGranted = this.#grants === undefined || grantsAllow(this.#grants, action, repository)
    if (principal && isGranted) {
      const decision =
        principal === this.#principal
          ? await this.#permissions.decide(principal, repository)
          : await this.#permissions.decideIn(tx, principal, repository)
      if (this.#isAllowed(principal, decision, action, repository)) return
    }
    throw new BerthError(
      'denied',
      `${this.actor.name} may not ${spelled[action]} ${repository}, or it does not exist.`,
      { details: [{ action, repository }] },
    )
  }

  async requireProject(tx: Transaction, action: ProjectAction, project: string): Promise<void> {
    const principal = await this.#hold(tx)
    if (principal && this.#managesNow() && (await mayProjectIn(tx, principal, action, project))) {
      return
    }
    throw denied(this.actor)
  }

  async requireInstance(tx: Transaction, action: InstanceAction): Promise<void> {
    const principal = await this.#hold(tx)
    if (principal && this.#managesNow() && mayInstance(principal, action)) return
    throw denied(this.actor)
  }

  readableProjects(): Promise<'all' | readonly number[]> {
    return this.#permissions.readableProjects(this.#principal)
  }

  /** The principal as this transaction sees it; nobody changes that before it ends. */
  async #hold(tx: Transaction): Promise<Principal | undefined> {
    const epoch = await holdAccessEpoch(tx)
    if (epoch === this.#principal.epoch) return this.#principal
    return this.#permissions.principalIn(tx, this.#subject, epoch)
  }

  #isAllowed(
    principal: Principal,
    decision: Decision,
    action: RepositoryAction,
    repository: RepositoryName,
  ): boolean {
    if (!decision.actions.has(action)) return false
    if (decision.addresses !== undefined && !decision.addresses.contains(this.address)) return false
    if (principal.limits.length === 0) return true
    // A machine may also pull what is open to everyone; a key never reaches beyond its own limits.
    const isOpen = principal.isMachine && decision.isOpen && action === 'pull'
    return principal.limits.some(
      (limits) => this.#admits(limits) && (isOpen || limitsAllow(limits, action, repository)),
    )
  }

  #admits(limits: Limits): boolean {
    if (limits.addresses === undefined && limits.expiresAt === undefined) return true
    const address = limits.addresses === undefined ? '' : this.address
    return limitsAdmit(limits, { address, now: this.#now() })
  }

  /** A bearer token is for the registry protocol alone; a key that has expired manages nothing. */
  #managesNow(): boolean {
    const { limits } = this.#principal
    return (
      this.#grants === undefined &&
      (limits.length === 0 || limits.some((each) => this.#admits(each)))
    )
  }
}

/** Whoever is signed in may ask for the list of repositories: it holds what they may pull. */
function mayList(principal: Principal): boolean {
  return principal.isSignedIn || instanceRoleAllows(principal.instanceRole, 'catalog')
}

function mayInstance(principal: Principal, action: InstanceAction): boolean {
  if (action === 'catalog') return mayList(principal)
  if (principal.isMachine || isNarrowed(principal)) return false
  return instanceRoleAllows(principal.instanceRole, action)
}

const spelled: Readonly<Record<RepositoryAction, string>> = {
  pull: 'pull from',
  push: 'push to',
  createTag: 'create a tag in',
  moveTag: 'move a tag that exists in',
  deleteTag: 'delete a tag in',
  delete: 'delete from',
}

function denied(actor: Actor): BerthError {
  return new BerthError('denied', `${actor.name} may not do this.`)
}
