import type { Caller } from '../access/caller.ts'
import type { Permit } from '../registry/admission.ts'

/** The caller of a request as the registry wants to know them: who, and to be asked again inside the transaction. */
export function writePermit(caller: Caller, requestId: string): Permit {
  return {
    actor: caller.actor,
    address: caller.address,
    requestId,
    require: (tx, action, repository) => caller.require(tx, action, repository),
  }
}
