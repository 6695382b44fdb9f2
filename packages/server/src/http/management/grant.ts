import { parseRepositoryName } from '@berth/oci/reference.ts'
import type { Route } from '@berth/api/route.ts'
import type { GrantContext } from '../../access/machine-limits.ts'
import type { ManagementCall } from './call.ts'

/** The context of a call that gives rights to a machine: nobody hands on what they do not have themselves. */
export function grantContext({
  caller,
  context,
}: Pick<ManagementCall<Route>, 'caller' | 'context'>): GrantContext {
  return {
    ...context,
    // In the root there is no repository of the project's own name to ask about, and only administrators get this far.
    grant: (tx, action, project) =>
      project === ''
        ? caller.requireInstance(tx, 'manageSystem')
        : caller.require(tx, action, parseRepositoryName(project)),
  }
}
