import type { Permit } from '../../registry/admission.ts'
import type { ManagementCall } from './call.ts'

/** The caller of a route as the registry wants to know them: who, and to be asked again inside the transaction. */
export function writePermit({
  caller,
  context,
}: Pick<ManagementCall<never>, 'caller' | 'context'>): Permit {
  return {
    actor: context.actor,
    address: context.address,
    requestId: context.requestId,
    require: (tx, action, repository) => caller.require(tx, action, repository),
  }
}
