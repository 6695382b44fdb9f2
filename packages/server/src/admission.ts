import type { RepositoryName, TagName } from '@berth/oci/reference.ts'
import type { Placement } from './access/placement.ts'
import type { RequestContext } from './actor.ts'
import { auditEventOf } from './audit/registry-events.ts'
import type { RefusalLog } from './audit/refusals.ts'
import { guardTag } from './immutability/guard.ts'
import { insertAuditEntry } from './metadata/audit-entries.ts'
import type { Transaction } from './metadata/database.ts'
import { findProjectName } from './metadata/projects.ts'
import type { RepositoryBooks } from './browse/repository-books.ts'
import type { PushGate } from './policy/push-gate.ts'
import type { Quotas } from './quota/quotas.ts'
import type {
  Admission,
  ManifestPush,
  Permit,
  PlacedRepository,
  RegistryEvent,
} from './registry/admission.ts'
import type { ScanOrders } from './scan/orders.ts'
import type { SearchIndex } from './search/index.ts'
import type { SignatureEvents } from './signatures/events.ts'

/** Joins the features that stand before a write, and those that keep books of it, into what the registry asks. */
export class Admissions implements Admission {
  readonly #placement: Placement
  readonly #quotas: Quotas
  readonly #repositoryBooks: RepositoryBooks
  readonly #search: SearchIndex
  readonly #scans: ScanOrders
  readonly #signatures: SignatureEvents
  readonly #policy: PushGate
  readonly #refusals: RefusalLog
  readonly #now: () => number

  constructor(parts: {
    placement: Placement
    quotas: Quotas
    repositoryBooks: RepositoryBooks
    search: SearchIndex
    scans: ScanOrders
    signatures: SignatureEvents
    policy: PushGate
    refusals: RefusalLog
    now: () => number
  }) {
    this.#placement = parts.placement
    this.#quotas = parts.quotas
    this.#repositoryBooks = parts.repositoryBooks
    this.#search = parts.search
    this.#scans = parts.scans
    this.#signatures = parts.signatures
    this.#policy = parts.policy
    this.#refusals = parts.refusals
    this.#now = parts.now
  }

  admitUpload(repository: RepositoryName, bytes: number | undefined): Promise<void> {
    return this.#quotas.admitUpload(repository, bytes)
  }

  async admitManifest(push: ManifestPush): Promise<readonly string[]> {
    const { warnings, audited } = await this.#policy.admitManifest(push)
    for (const reason of audited) {
      this.#refusals.note(push.context, {
        action: 'policy.audited',
        targetKind: 'repository',
        target: push.repository,
        within: push.repository,
        after: { reason },
      })
    }
    return warnings
  }

  placeRepository(tx: Transaction, permit: Permit, repository: RepositoryName): Promise<number> {
    return this.#placement.placeRepository(tx, permit, repository)
  }

  admitTag(
    tx: Transaction,
    repository: PlacedRepository,
    tag: TagName,
    change: { before: string | undefined; after: string | undefined },
  ): Promise<void> {
    return guardTag(tx, repository, tag, change)
  }

  async record(tx: Transaction, context: RequestContext, event: RegistryEvent): Promise<void> {
    await this.#quotas.record(tx, event)
    await this.#repositoryBooks.record(tx, event)
    await this.#search.record(tx, event)
    await this.#scans.record(tx, event)
    await this.#signatures.record(tx, event)
    await this.#policy.record(tx, event)
    const { projectId } = event.repository
    const entry = auditEventOf(event, (await findProjectName(tx, projectId)) ?? '')
    if (entry === undefined) return
    await insertAuditEntry(tx, context, entry, new Date(this.#now()).toISOString())
  }
}
