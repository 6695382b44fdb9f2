import { LRUCache } from 'lru-cache'
import type { Caller } from '../access/caller.ts'
import type { RefusalLog } from '../audit/refusals.ts'
import { BerthError, type ErrorKind } from '../errors.ts'
import type { Exchange } from './exchange.ts'

/** What of the refusals the audit log is told: those about what somebody may, not about what they sent. */
const audited: ReadonlySet<ErrorKind> = new Set([
  'denied',
  'tagImmutable',
  'quotaExceeded',
  'policyDenied',
])

/** Tells the audit log of requests that changed nothing: refused ones, and pulls where the settings ask for them. */
export class RequestAudit {
  readonly #log: RefusalLog
  readonly #pulls: boolean
  readonly #noted = new LRUCache<string, true>({ max: 5000, ttl: 60_000 })

  constructor(parts: { log: RefusalLog; pulls: boolean }) {
    this.#log = parts.log
    this.#pulls = parts.pulls
  }

  /**
   * A request of someone known was refused; `subject` is the repository or project it was on, `''` for neither; `reason`
   * is the action that the caller may not do, or the kind of the error. Without
   * credentials nothing is told: most clients begin with a request that is refused, to learn how to log in.
   */
  refused(exchange: Exchange, caller: Caller, subject: string, reason: string): void {
    if (caller.credentials === 'none') return
    this.#log.note(contextOf(exchange, caller), {
      action: `refused.${reason}`,
      targetKind: 'request',
      target: subject,
      within: subject,
      outcome: 'denied',
      after: { method: exchange.request.method, endpoint: exchange.endpoint },
    })
  }

  /** As `refused`, for an error that ended a request; does nothing for one of another kind. */
  failed(exchange: Exchange, caller: Caller, subject: string, error: unknown): void {
    if (!(error instanceof BerthError) || !audited.has(error.kind)) return
    if (error.kind === 'policyDenied')
      this.policyNoted(exchange, caller, subject, 'denied', error.message)
    else this.refused(exchange, caller, subject, error.kind)
  }

  /** A policy blocked a request, by whomever, or found a fault that it only notes. */
  policyNoted(
    exchange: Exchange,
    caller: Caller,
    repository: string,
    what: 'denied' | 'warned' | 'audited',
    reason: string,
  ): void {
    if (what !== 'denied' && this.#wasNoted(`${what} ${caller.actor.id} ${repository} ${reason}`))
      return
    this.#log.note(contextOf(exchange, caller), {
      action: `policy.${what}`,
      targetKind: 'repository',
      target: repository,
      within: repository,
      outcome: what === 'denied' ? 'denied' : 'success',
      after: { method: exchange.request.method, endpoint: exchange.endpoint, reason },
    })
  }

  /** The same pull by the same caller is told once a minute: there may be thousands of them, and nothing was refused. */
  #wasNoted(key: string): boolean {
    if (this.#noted.has(key)) return true
    this.#noted.set(key, true)
    return false
  }

  /** A manifest was handed out. */
  pulled(exchange: Exchange, caller: Caller, repository: string, digest: string): void {
    if (!this.#pulls || exchange.isHead) return
    this.#log.note(contextOf(exchange, caller), {
      action: 'manifest.pulled',
      targetKind: 'manifest',
      target: `${repository}@${digest}`,
      within: repository,
    })
  }
}

function contextOf(exchange: Exchange, caller: Caller) {
  return { actor: caller.actor, address: caller.address, requestId: exchange.id }
}
