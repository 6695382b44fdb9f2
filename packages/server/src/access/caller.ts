import type { RepositoryName } from '@berth/oci/reference.ts'
import type { Actor, RepositoryAction } from '../actor.ts'
import type { Transaction } from '../metadata/database.ts'
import type { InstanceAction, ProjectAction } from './authorize.ts'

/** How the caller proved who they are. */
export type CredentialKind = 'none' | 'token' | 'password' | 'key' | 'session' | 'certificate'

/** Who is calling, and what they may do right now. Made for one request by `Authenticator`. */
export interface Caller {
  readonly actor: Actor
  /** Where the request comes from: the client's address, behind trusted proxies too. */
  readonly address: string
  readonly credentials: CredentialKind
  /**
   * A person who has just shown a password, a certificate or a signed-in browser. Only such a caller may make or change
   * credentials of their own: a token or a key that leaks must not be able to make another.
   */
  readonly isPersonal: boolean
  /** Of the browser session, for `credentials` `session`. */
  readonly sessionId: string | undefined

  /** Whether the caller may act on the repository, which need not exist. At once when it was asked before. */
  may(action: RepositoryAction, repository: RepositoryName): boolean | Promise<boolean>
  /** Whether the token service would grant it: what the caller may, leaving aside what the token presented is for. */
  couldWithToken(action: RepositoryAction, repository: RepositoryName): boolean | Promise<boolean>
  /** Whether the caller may act on the project of this name, `''` being the root; `false` when there is none. */
  mayProject(action: ProjectAction, project: string): Promise<boolean>
  mayInstance(action: InstanceAction): boolean

  /**
   * The same questions inside a transaction, answered by what is true there, and held so until it ends.
   * They throw `denied` instead of answering `false`.
   */
  require(tx: Transaction, action: RepositoryAction, repository: RepositoryName): Promise<void>
  requireProject(tx: Transaction, action: ProjectAction, project: string): Promise<void>
  requireInstance(tx: Transaction, action: InstanceAction): Promise<void>
  /** Throws `unauthenticated` when the caller is gone or disabled by now: for changes of the caller's own things. */
  requireSelf(tx: Transaction): Promise<void>

  /** The projects whose repositories the caller may pull: all, or these ids. For lists and search. */
  readableProjects(): Promise<'all' | readonly number[]>
}
