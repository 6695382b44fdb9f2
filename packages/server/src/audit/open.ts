import type { Config } from '../config/schema.ts'
import type { Logger } from '../log.ts'
import type { Database } from '../metadata/database.ts'
import { AuditForwarder } from './forwarder.ts'
import { AuditForwarding } from './forwarding.ts'
import type { Fetch } from './http-target.ts'
import { AuditLog } from './log.ts'
import { RefusalLog } from './refusals.ts'
import { AuditRetention } from './retention.ts'
import { AuditSealer } from './sealer.ts'
import { openTargets } from './targets.ts'
import { AuditVerification } from './verification.ts'

export type Audit = {
  readonly log: AuditLog
  readonly sealer: AuditSealer
  readonly verification: AuditVerification
  readonly retention: AuditRetention
  readonly forwarding: AuditForwarding
  readonly refusals: RefusalLog
}

/** Everything about the audit log but the writing of single entries. Nothing runs by itself: see `worker/housekeeping.ts`. */
export function openAudit(parts: {
  database: Database
  settings: Config['audit']
  /** For targets over HTTP. */
  fetch: Fetch
  logger: Logger
  /** Milliseconds since 1970. */
  now: () => number
}): Audit {
  const { database, settings, logger, now } = parts
  const targets = settings.forward.map(({ name }) => name)
  const forwarding = new AuditForwarding({
    forwarders: openTargets(settings.forward, parts).map(
      (target) => new AuditForwarder({ database, target, now }),
    ),
    logger,
  })
  return {
    log: new AuditLog({ database, targets, failures: forwarding.failures }),
    sealer: new AuditSealer({ database, now }),
    verification: new AuditVerification({ database }),
    retention: new AuditRetention({
      database,
      retentionDays: settings.retentionDays,
      targets,
      now,
    }),
    forwarding,
    refusals: new RefusalLog({ database, now }),
  }
}
