import { parseRepositoryName } from '@berth/oci/reference.ts'
import type { Caller } from '../../access/caller.ts'
import type { ChangeContext } from '../../access/changes.ts'
import { BerthError } from '../../errors.ts'
import type { Permission } from './call.ts'

type Parameters = Readonly<Record<string, unknown>>

/** Whether the permission is on something that the path names. */
export function dependsOnPath({ on }: Permission): boolean {
  return on === 'project' || on === 'repository'
}

/**
 * Lets the caller pass, or throws: `unauthenticated` when credentials could help; `notFound` when the caller may not even see
 * the project or repository, in the same words whether it exists or not; `denied` when the caller may see it and no more.
 */
export async function permit(
  permission: Permission,
  caller: Caller,
  parameters: Parameters,
): Promise<void> {
  switch (permission.on) {
    case 'anyone':
      return
    case 'caller':
      requireCredentials(caller)
      return
    case 'person':
      requireCredentials(caller)
      if (caller.isPersonal) return
      throw new BerthError(
        'denied',
        'This needs a person who signs in with a password: a key, a token or a robot may not do it.',
      )
    case 'instance':
      if (caller.mayInstance(permission.action)) return
      requireCredentials(caller)
      throw denied(caller)
    case 'project': {
      const project = String(parameters['project'])
      if (await caller.mayProject(permission.action, project)) return
      requireCredentials(caller)
      if (await caller.mayProject('readProject', project)) throw denied(caller)
      throw new BerthError('notFound', 'There is no such project.')
    }
    case 'repository': {
      const repository = parseRepositoryName(String(parameters['repository']))
      if (await caller.may(permission.action, repository)) return
      requireCredentials(caller)
      if (await caller.may('pull', repository)) throw denied(caller)
      throw new BerthError('notFound', 'There is no such repository.')
    }
  }
}

/** The very same question, to be asked again inside the transaction of a change. */
export function checkOf(
  permission: Permission,
  caller: Caller,
  parameters: Parameters,
): ChangeContext['check'] {
  switch (permission.on) {
    case 'anyone':
      return undefined
    case 'caller':
    case 'person':
      return (tx) => caller.requireSelf(tx)
    case 'instance': {
      const { action } = permission
      return (tx) => caller.requireInstance(tx, action)
    }
    case 'project': {
      const { action } = permission
      const project = String(parameters['project'])
      return (tx) => caller.requireProject(tx, action, project)
    }
    case 'repository': {
      const { action } = permission
      const repository = parseRepositoryName(String(parameters['repository']))
      return (tx) => caller.require(tx, action, repository)
    }
  }
}

/** Throws `unauthenticated` for a caller who showed nothing, whatever role such callers have. */
export function requireCredentials(caller: Caller): void {
  if (caller.credentials === 'none') {
    throw new BerthError(
      'unauthenticated',
      'This needs credentials: a password, a key or a session.',
    )
  }
}

function denied(caller: Caller): BerthError {
  return new BerthError('denied', `${caller.actor.name} may not do this.`)
}
