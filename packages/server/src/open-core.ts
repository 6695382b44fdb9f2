import { openAccess } from './access/open.ts'
import { Admissions } from './admission.ts'
import { openAudit } from './audit/open.ts'
import { RepositoryBooks } from './browse/repository-books.ts'
import type { Config } from './config/schema.ts'
import { ImmutabilityRules } from './immutability/rules.ts'
import { JobQueue } from './jobs/queue.ts'
import type { Logger } from './log.ts'
import type { Database } from './metadata/database.ts'
import { Decisions } from './policy/decisions.ts'
import { DueDates } from './policy/due-dates.ts'
import { PolicyExceptions } from './policy/exceptions.ts'
import { PullGate } from './policy/gate.ts'
import { Judge } from './policy/judge.ts'
import { Policies } from './policy/policies.ts'
import { PolicyBook } from './policy/policy-set.ts'
import { PushGate } from './policy/push-gate.ts'
import { Outbound, type OutboundRequest } from './outbound/outbound.ts'
import { Quotas } from './quota/quotas.ts'
import { Usage } from './quota/usage.ts'
import type { Clock } from './registry/grace.ts'
import { readImageConfig } from './registry/image-config.ts'
import { openRegistry, type Registry } from './registry/open.ts'
import { AttestedVex } from './scan/attested-vex.ts'
import { ScanOrders } from './scan/orders.ts'
import { SearchIndex } from './search/index.ts'
import { SignatureEvents } from './signatures/events.ts'
import { SignatureSettlement } from './signatures/settlement.ts'
import { SignatureVerification } from './signatures/verification.ts'
import type { StorageDriver } from './storage/driver.ts'

/**
 * What a server and the commands beside it have in common: access, the registry, and the features that stand before its
 * writes and keep books of them. Nothing runs by itself.
 */
export async function openCore(parts: {
  config: Config
  database: Database
  storage: StorageDriver
  logger: Logger
  clock: Clock
}) {
  const { config, database, storage, logger, clock } = parts
  const now = () => clock().getTime()
  const outbound = new Outbound({ settings: config.outbound })
  const fetch = (url: string, request?: OutboundRequest) => outbound.fetch(url, request)
  const usage = new Usage({ database })
  const repositoryBooks = new RepositoryBooks({ database, now })
  const queue = new JobQueue({ database, now })
  const search = new SearchIndex({ queue })
  const access = await openAccess({
    database,
    config,
    fetch,
    books: { usage, index: search },
    logger,
    now,
  })
  const { changes, placement } = access
  const quotas = new Quotas({ database, changes, usage })
  const scans = new ScanOrders({ queue, isEnabled: config.scan.enabled, now })
  const attestedVex = new AttestedVex({ now })
  const signatures = new SignatureEvents({ queue, claims: attestedVex })
  const audit = openAudit({ database, settings: config.audit, fetch, logger, now })
  const book = new PolicyBook(database)
  const judge = new Judge({
    database,
    readConfig: (repository, config) => readImageConfig(registry.blobs, repository, config),
    settleSignatures: (place, subjects) => settlement.settle(place, subjects),
    now,
  })
  const admission = new Admissions({
    placement,
    quotas,
    repositoryBooks,
    search,
    scans,
    signatures,
    policy: new PushGate({ database, book, judge }),
    refusals: audit.refusals,
    now,
  })
  const registry: Registry = openRegistry({ database, storage, config, clock, admission })
  const verification = new SignatureVerification({
    database,
    ...registry,
    claims: attestedVex,
    now,
  })
  const settlement = new SignatureSettlement({ database, verification })
  return {
    outbound,
    access,
    admission,
    attestedVex,
    audit,
    pullGate: new PullGate({ database, book, judge, now }),
    policies: new Policies({ database, changes, book, queue }),
    dueDates: new DueDates({ book }),
    policyExceptions: new PolicyExceptions({ database, changes, now }),
    decisions: new Decisions({ database, book, judge, manifests: registry.manifests }),
    immutability: new ImmutabilityRules({ database, changes }),
    queue,
    quotas,
    registry,
    repositoryBooks,
    searchIndex: search,
    scans,
    signatureVerification: verification,
    usage,
    now,
  }
}
