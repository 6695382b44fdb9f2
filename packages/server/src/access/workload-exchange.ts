import { LRUCache } from 'lru-cache'
import { BerthError } from '../errors.ts'
import type { Database } from '../metadata/database.ts'
import {
  prepareWorkloadRulesByIssuer,
  type StoredWorkloadRule,
  touchWorkloadRules,
} from '../metadata/workload-rules.ts'
import { meetsConditions, type ParsedConditions, parseConditions } from './claim-conditions.ts'
import { recordUse } from './last-use.ts'
import type { WorkloadTokens } from './workload-tokens.ts'

/** Who a token showed itself to be. */
export type WorkloadIdentity = {
  readonly issuer: string
  readonly subject: string
  /**
   * The rules that let it in; it may what any of them allows. Only as long as each still has this version: a rule that was
   * changed may ask for other claims now.
   */
  readonly rules: readonly { readonly id: string; readonly version: number }[]
  /** When the token ends; milliseconds since 1970. */
  readonly expiresAt: number
}

const rulesMax = 32
const parsedMax = 10_000

/** Exchanges tokens of trusted issuers for what the rules give them. */
export class WorkloadExchange {
  readonly #database: Database
  readonly #tokens: WorkloadTokens
  readonly #rulesOf: (issuer: string) => Promise<StoredWorkloadRule[]>
  readonly #now: () => number
  /** By id and version. */
  readonly #parsed = new LRUCache<string, ParsedConditions>({ max: parsedMax })

  constructor(parts: { database: Database; tokens: WorkloadTokens; now: () => number }) {
    this.#database = parts.database
    this.#tokens = parts.tokens
    this.#rulesOf = prepareWorkloadRulesByIssuer(parts.database)
    this.#now = parts.now
  }

  /**
   * Who the bearer of the token is; where more than 32 rules let it in, the first 32 by id count. Throws `unauthenticated`
   * (reason `invalidWorkloadToken`, or `workloadUnknown` when no rule lets it in), `unavailable` when the issuer's keys
   * cannot be had.
   */
  async exchange(token: string): Promise<WorkloadIdentity> {
    const { issuer, subject, claims, expiresAt } = await this.#tokens.verify(token)
    const rules = (await this.#rulesOf(issuer))
      .filter((rule) => meetsConditions(this.#conditionsOf(rule), claims))
      .slice(0, rulesMax)
    if (rules.length === 0) {
      throw new BerthError(
        'unauthenticated',
        'The workload token is good, but no rule here lets its claims in.',
        { details: [{ reason: 'workloadUnknown' }] },
      )
    }
    await this.#recordUse(rules)
    return { issuer, subject, rules: rules.map(({ id, version }) => ({ id, version })), expiresAt }
  }

  #conditionsOf(rule: StoredWorkloadRule): ParsedConditions {
    const key = `${rule.id}:${rule.version}`
    const known = this.#parsed.get(key)
    if (known) return known
    const parsed = parseConditions(rule.conditions)
    this.#parsed.set(key, parsed)
    return parsed
  }

  /** One write for all of them, when the one that was used longest ago is due. */
  async #recordUse(rules: readonly StoredWorkloadRule[]): Promise<void> {
    const times = rules.map(({ lastUsedAt }) => lastUsedAt ?? '').sort()
    const ids = rules.map(({ id }) => id)
    await recordUse(this.#database, { lastUsedAt: times[0] || null }, this.#now(), (tx, at) =>
      touchWorkloadRules(tx, ids, at),
    )
  }
}
