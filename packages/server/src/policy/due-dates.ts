import type { RepositoryName } from '@berth/oci/reference.ts'
import { type Mendable, dueDate } from './due.ts'
import type { PolicyBook } from './policy-set.ts'

/** By when findings have to be mended, by the `sla` rules in force. */
export class DueDates {
  readonly #book: PolicyBook

  constructor(parts: { book: PolicyBook }) {
    this.#book = parts.book
  }

  /**
   * For findings of a repository: the earliest of all its rules, whatever tags and platforms they are for, as an ISO moment;
   * `null` when none sets a time.
   */
  async forRepository(repository: RepositoryName): Promise<(finding: Mendable) => string | null> {
    const rules = (await this.#book.now()).rulesFor(repository)
    const settings = rules.flatMap(({ rule: { sla } }) => sla ?? [])
    return (finding) => {
      const dates = settings.flatMap((one) => dueDate(one, finding)?.at ?? [])
      return dates.length === 0 ? null : new Date(Math.min(...dates)).toISOString()
    }
  }
}
