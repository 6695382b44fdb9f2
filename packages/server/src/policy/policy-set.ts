import type { PolicyRule } from '@berth/api/policy-document.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import { LRUCache } from 'lru-cache'
import { type Glob, matchesAny, parseGlob } from '../access/glob.ts'
import { levelsOf } from '../access/project-name.ts'
import type { Database, Executor, Transaction } from '../metadata/database.ts'
import { allPolicies, readPolicyEpoch } from '../metadata/policies.ts'
import type { PlacedRule } from './rules.ts'

const repositoriesKept = 10_000

/** Every policy of the instance at one epoch. */
export class PolicySet {
  readonly epoch: number
  readonly #byProject: ReadonlyMap<string, readonly PlacedRule[]>
  readonly #rules = new LRUCache<string, readonly PlacedRule[]>({ max: repositoriesKept })
  readonly #globs = new Map<string, Glob>()

  constructor(epoch: number, byProject: ReadonlyMap<string, readonly PlacedRule[]>) {
    this.epoch = epoch
    this.#byProject = byProject
  }

  /** The rules that hold for the repository: of the instance first, of the nearest project last. */
  rulesFor(repository: RepositoryName): readonly PlacedRule[] {
    if (this.#byProject.size === 0) return []
    let rules = this.#rules.get(repository)
    if (!rules) {
      rules = levelsOf(repository).flatMap((project) =>
        (this.#byProject.get(project) ?? []).filter(({ rule }) => this.#covers(rule, repository)),
      )
      this.#rules.set(repository, rules)
    }
    return rules
  }

  /** The same with another policy of one project in place of what it has. */
  with(project: string, rules: readonly PlacedRule[]): PolicySet {
    return new PolicySet(this.epoch, new Map([...this.#byProject, [project, rules]]))
  }

  #covers({ repositories }: PolicyRule, repository: RepositoryName): boolean {
    if (!repositories) return true
    return matchesAny(
      repositories.map((text) => this.#globOf(text)),
      repository,
    )
  }

  #globOf(text: string): Glob {
    let glob = this.#globs.get(text)
    if (!glob) {
      glob = parseGlob(text)
      this.#globs.set(text, glob)
    }
    return glob
  }
}

/** Keeps the policies of the latest epoch that anybody asked for. */
export class PolicyBook {
  readonly #database: Database
  #current: PolicySet | undefined
  #loading: { epoch: number; set: Promise<PolicySet> } | undefined

  constructor(database: Database) {
    this.#database = database
  }

  /** The policies at this epoch, which was just read, or at a later one. At once when they are known. */
  at(epoch: number): PolicySet | Promise<PolicySet> {
    if (this.#current?.epoch === epoch) return this.#current
    if (this.#loading?.epoch === epoch) return this.#loading.set
    const set = this.#load(this.#database.read)
    this.#loading = { epoch, set }
    const end = () => {
      if (this.#loading?.set === set) this.#loading = undefined
    }
    set.then(end, end)
    return set
  }

  /** As `now`, inside a transaction, which must not wait for a second connection. */
  async in(tx: Transaction): Promise<PolicySet> {
    const epoch = await readPolicyEpoch(tx)
    return this.#current?.epoch === epoch ? this.#current : this.#load(tx)
  }

  /** The policies as they are now. */
  async now(): Promise<PolicySet> {
    return this.at(await readPolicyEpoch(this.#database.read))
  }

  async #load(db: Executor): Promise<PolicySet> {
    // Before the rest: what is read after it can only be newer than its label.
    const epoch = await readPolicyEpoch(db)
    const byProject = new Map<string, readonly PlacedRule[]>()
    for (const { project, rules, version } of await allPolicies(db)) {
      byProject.set(project, placeRules(project, version, JSON.parse(rules) as PolicyRule[]))
    }
    const set = new PolicySet(epoch, byProject)
    if (!this.#current || this.#current.epoch < epoch) this.#current = set
    return set
  }
}

export function placeRules(
  project: string,
  version: number,
  rules: readonly PolicyRule[],
): readonly PlacedRule[] {
  return rules.map((rule) => ({ project, version, rule }))
}
