import type { IdempotencyKeys } from '../access/idempotency-keys.ts'
import type { LdapSync } from '../access/ldap-sync.ts'
import type { LoginThrottle } from '../access/login-throttle.ts'
import type { Sessions } from '../access/sessions.ts'
import type { Audit } from '../audit/open.ts'
import type { Pulls } from '../browse/pulls.ts'
import type { RepositoryBooks } from '../browse/repository-books.ts'
import type { Config } from '../config/schema.ts'
import type { Logger } from '../log.ts'
import type { JobQueue } from '../jobs/queue.ts'
import type { Advisories } from '../scan/advisories.ts'
import type { Usage } from '../quota/usage.ts'
import { BackgroundLoops } from './loops.ts'

const secondMs = 1000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs
const rowsAtOnce = 1000

/**
 * The background work on the books: the audit log is sealed, forwarded and kept short, usage is added up, what has
 * expired goes, and users of a directory are kept as they are there.
 */
export function startBookkeeping(parts: {
  audit: Audit
  usage: Usage
  repositoryBooks: RepositoryBooks
  pulls: Pulls
  advisories: Advisories
  queue: JobQueue
  sessions: Sessions
  throttle: LoginThrottle
  idempotencyKeys: IdempotencyKeys
  ldapSync: LdapSync | undefined
  config: Pick<Config, 'access' | 'scan'>
  logger: Logger
}): { stop(): Promise<void> } {
  const { audit, usage, repositoryBooks, pulls, advisories, ldapSync, logger } = parts
  const loops = new BackgroundLoops(logger)
  const { signal } = loops
  const every = (name: string, milliseconds: number, work: () => Promise<unknown>) =>
    loops.add(name, { firstMs: milliseconds, thenMs: milliseconds }, work)

  every('audit seal', secondMs, () => audit.sealer.seal())
  every('audit refusals', 5 * secondMs, () => audit.refusals.flush())
  every('audit retention', hourMs, () => audit.retention.run({ signal }))
  every('usage', 2 * secondMs, () => usage.fold({ signal }))
  every('figures of repositories', 2 * secondMs, () => repositoryBooks.fold({ signal }))
  every('pulls', 30 * secondMs, () => pulls.flush())
  every('advisories', 5 * secondMs, () => advisories.refresh())
  every('expired sessions', minuteMs, () => parts.sessions.removeExpired(rowsAtOnce))
  every('expired throttles', minuteMs, () => parts.throttle.removeExpired(rowsAtOnce))
  every('idempotency keys', minuteMs, () => parts.idempotencyKeys.removeExpired())
  const { update } = parts.config.scan.advisories
  if (update.enabled) {
    const pace = { firstMs: minuteMs, thenMs: update.intervalHours * hourMs }
    loops.add('update of advisories', pace, () =>
      parts.queue.add({ name: 'update-advisories', payload: {} }),
    )
  }
  if (ldapSync) {
    every('directory sync', parts.config.access.ldap.syncMinutes * minuteMs, async () => {
      const result = await ldapSync.syncGroups()
      if (result.disabled.length > 0)
        logger.warn(
          { disabled: result.disabled },
          'users who are gone from the directory were disabled',
        )
      else if (result.withheld.length > 0) {
        logger.warn(
          { users: result.withheld.slice(0, 20), count: result.withheld.length },
          'users seem to be gone from the directory and were left alone',
        )
      }
    })
  }
  const forwarding = audit.forwarding.run(signal)
  return {
    async stop() {
      await loops.stop()
      await forwarding
      try {
        await pulls.flush()
      } catch (error) {
        logger.error({ err: error }, 'the last pulls could not be written down while stopping')
      }
      try {
        // What was refused in the last seconds is written too.
        await audit.refusals.flush()
        await audit.sealer.seal()
      } catch (error) {
        logger.error({ err: error }, 'the audit log could not be brought up to date while stopping')
      }
    },
  }
}
