import type { RepositoryName } from '@berth/oci/reference.ts'
import type { Actor, RepositoryAction } from '../actor.ts'
import { BerthError } from '../errors.ts'
import { holdAccessEpoch } from '../metadata/access-epoch.ts'
import type { Transaction } from '../metadata/database.ts'
import {
  actionPhrase,
  type InstanceAction,
  instanceRoleAllows,
  type ProjectAction,
} from './authorize.ts'
import type { Caller, CredentialKind } from './caller.ts'
import { type Limits, limitsAdmit, limitsAllow } from './limits.ts'
import { isNarrowed, mayProjectIn, type Permissions } from './permissions.ts'
import type { Decision, Principal, Subject } from './principal.ts'
import { type Grants, grantsAllow } from './scopes.ts'

/** What was presented, and whom it was found to belong to: the same for every request until something changes. */
export type Proof = {
  readonly subject: Subject
  readonly principal: Principal
  readonly credentials: CredentialKind
  /** What a bearer token was issued for; `undefined` when it is not one. */
  readonly grants?: Grants | undefined
  readonly sessionId?: string | undefined
}

/** Where a request comes from; looked up only when something depends on it. */
export interface Origin {
  address(): string
}

/**
 * The caller of one request: a principal as of that moment, within what the credentials are good for. Made for every
 * request, so it holds little.
 */
export class RequestCaller implements Caller {
  readonly #parts: { readonly permissions: Permissions; readonly now: () => number }
  readonly #proof: Proof
  readonly #origin: Origin

  constructor(
    parts: { readonly permissions: Permissions; readonly now: () => number },
    proof: Proof,
    origin: Origin,
  ) {
    this.#parts = parts
    this.#proof = proof
    this.#origin = origin
  }

  get actor(): Actor {
    return this.#proof.principal.actor
  }

  get credentials(): CredentialKind {
    return this.#proof.credentials
  }

  get sessionId(): string | undefined {
    return this.#proof.sessionId
  }

  get isPersonal(): boolean {
    return this.actor.kind === 'user' && this.credentials !== 'token' && this.credentials !== 'key'
  }

  get address(): string {
    return this.#origin.address()
  }

  may(action: RepositoryAction, repository: RepositoryName): boolean | Promise<boolean> {
    const { grants } = this.#proof
    if (grants !== undefined && !grantsAllow(grants, action, repository)) return false
    return this.couldWithToken(action, repository)
  }

  couldWithToken(action: RepositoryAction, repository: RepositoryName): boolean | Promise<boolean> {
    const { principal } = this.#proof
    const known = principal.decisions.get(repository)
    if (known !== undefined) return this.#isAllowed(principal, known, action, repository)
    return this.#parts.permissions
      .decide(principal, repository)
      .then((decision) => this.#isAllowed(principal, decision, action, repository))
  }

  async mayProject(action: ProjectAction, project: string): Promise<boolean> {
    return (
      this.#managesNow() &&
      this.#parts.permissions.mayProject(this.#proof.principal, action, project)
    )
  }

  mayInstance(action: InstanceAction): boolean {
    if (action === 'catalog' && this.#proof.grants !== undefined) {
      return this.#proof.grants.catalog && mayList(this.#proof.principal)
    }
    return this.#managesNow() && mayInstance(this.#proof.principal, action)
  }

  async require(
    tx: Transaction,
    action: RepositoryAction,
    repository: RepositoryName,
  ): Promise<void> {
    const principal = await this.#hold(tx)
    const isGranted =
      this.#proof.grants === undefined || grantsAllow(this.#proof.grants, action, repository)
    if (principal && isGranted) {
      // In the transaction: another connection might have to wait for those that such transactions hold.
      const decision =
        principal.decisions.get(repository) ??
        (await this.#parts.permissions.decideIn(tx, principal, repository))
      if (this.#isAllowed(principal, decision, action, repository)) return
    }
    throw new BerthError(
      'denied',
      `${this.actor.name} may not ${actionPhrase[action]} ${repository}, or it does not exist.`,
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

  async requireSelf(tx: Transaction): Promise<void> {
    if (await this.#hold(tx)) return
    throw new BerthError('unauthenticated', 'These credentials are not valid any more.', {
      details: [{ reason: 'invalidCredentials' }],
    })
  }

  readableProjects(): Promise<'all' | readonly number[]> {
    return this.#parts.permissions.readableProjects(this.#proof.principal)
  }

  /** The principal as this transaction sees it; nobody changes that before it ends. */
  async #hold(tx: Transaction): Promise<Principal | undefined> {
    const epoch = await holdAccessEpoch(tx)
    if (epoch === this.#proof.principal.epoch) return this.#proof.principal
    return this.#parts.permissions.principalIn(tx, this.#proof.subject, epoch)
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
    return limitsAdmit(limits, { address, now: this.#parts.now() })
  }

  /** A bearer token is for the registry protocol alone; a key that has expired manages nothing. */
  #managesNow(): boolean {
    const { limits } = this.#proof.principal
    return (
      this.#proof.grants === undefined &&
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

function denied(actor: Actor): BerthError {
  return new BerthError('denied', `${actor.name} may not do this.`)
}
