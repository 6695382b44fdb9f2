import type { repositoryAction } from '@berth/api/limits.ts'
import type { output } from 'zod'

/** A role on the whole instance. All but `admin` and `auditor` are a project role in every project that does not say otherwise. */
export type InstanceRole = 'admin' | 'auditor' | 'maintainer' | 'developer' | 'reader' | 'none'

/** A role in a project and all below it. `none` takes away what would be inherited. */
export type ProjectRole = 'admin' | 'maintainer' | 'developer' | 'reader' | 'none'

/** Who may pull without being a member: `internal` is everyone who is signed in, `public` is anyone. */
export type Visibility = 'private' | 'internal' | 'public'

/**
 * What can be done with a repository. Creating a tag, moving it and deleting it are three things: whoever may only
 * create can never change what others already use. `delete` is of manifests and blobs.
 */
export type RepositoryAction = output<typeof repositoryAction>

/** Who is calling. The core records it; it never decides on it (see `access/authorize.ts`). */
export type Actor = {
  /** `workload`: a token of another issuer that a rule accepted. `system`: Berth itself, and who runs its commands on the machine. */
  readonly kind: 'anonymous' | 'user' | 'robot' | 'workload' | 'system'
  /** Stable and unique; upload sessions are bound to it. `anonymous` for callers without credentials. */
  readonly id: string
  /** What a person reads in a log. */
  readonly name: string
}

/** Who asked for something, from where: what the audit log keeps of a request. */
export type RequestContext = {
  readonly actor: Actor
  /** `''` when there is no network between: a command on the machine, work in the background. */
  readonly address: string
  readonly requestId: string
}
