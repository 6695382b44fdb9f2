import type { RepositoryName } from '@berth/oci/reference.ts'
import { levelsOf } from '../access/project-name.ts'
import { matches, parseGlob } from '../access/glob.ts'
import type { Database, Executor } from '../metadata/database.ts'
import { exceptionsOfProjects } from '../metadata/policy-exceptions.ts'
import { repositoriesHolding } from '../metadata/policy-facts.ts'
import type { ConfigReader } from './config-facts.ts'
import { type Evaluation, evaluate } from './evaluate.ts'
import type { Facts, Stage } from './facts.ts'
import { FactsLoader, type SettleSignatures, type Subject } from './load-facts.ts'
import type { Exception, PlacedRule } from './rules.ts'

/** Repositories from which a copy may have come. */
const sourcesMax = 20

export type Judged = { readonly facts: Facts; readonly evaluation: Evaluation }

/** Reads what is stored and judges it. Keeps nothing. */
export class Judge {
  readonly #db: Executor
  readonly #loader: FactsLoader
  readonly #now: () => number

  constructor(parts: {
    database: Database
    readConfig: ConfigReader
    settleSignatures: SettleSignatures
    now: () => number
  }) {
    this.#db = parts.database.read
    this.#loader = new FactsLoader({ ...parts, db: parts.database.read })
    this.#now = parts.now
  }

  /** By the rules that are of this stage, which hold for the repository. `isForPeople`: see `FactsLoader.load`. */
  async judge(
    subject: Subject,
    rules: readonly PlacedRule[],
    stage: Stage,
    options: { isForPeople?: boolean } = {},
  ): Promise<Judged> {
    const counting = rules.filter(({ rule }) => rule.on.includes(stage))
    const exceptions =
      counting.length === 0 ? [] : await this.#exceptions(subject.repository, this.#now())
    const placed = stage === 'promotion' ? await this.#withSources(subject) : subject
    const facts = await this.#loader.load(placed, counting, options)
    return { facts, evaluation: evaluate(facts, counting, exceptions, { now: this.#now(), stage }) }
  }

  async #withSources(subject: Subject): Promise<Subject> {
    return { ...subject, sources: await repositoriesHolding(this.#db, subject.digest, sourcesMax) }
  }

  async #exceptions(repository: RepositoryName, now: number): Promise<Exception[]> {
    const at = new Date(now).toISOString()
    const rows = await exceptionsOfProjects(this.#db, levelsOf(repository), at)
    return rows.filter(({ repositories }) => matches(parseGlob(repositories), repository))
  }
}
