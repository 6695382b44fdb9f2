import type { RequestContext } from '../actor.ts'

/** Whoever may open the database: they need no permission of ours, but the audit log tells of them. */
export const commandLine: RequestContext = {
  actor: { kind: 'system', id: 'berth', name: 'command line' },
  address: '',
  requestId: '',
}
