import type { ForwardTarget } from '../config/audit-schema.ts'
import type { AuditTarget } from './forwarder.ts'
import { type Fetch, httpTarget } from './http-target.ts'
import { syslogTarget } from './syslog-target.ts'

/** The targets that the settings name. `fetch` should refuse what an operator did not allow, as `Outbound` does. */
export function openTargets(
  settings: readonly ForwardTarget[],
  parts: { fetch: Fetch; now: () => number },
): AuditTarget[] {
  return settings.map((target) =>
    target.kind === 'syslog' ? syslogTarget(target) : httpTarget(target, parts),
  )
}
