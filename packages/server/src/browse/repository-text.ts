import type { RepositoryName } from '@berth/oci/reference.ts'
import type { ChangeContext } from '../access/changes.ts'
import { checkVersion } from '../access/expected-version.ts'
import { insertAuditEntry } from '../metadata/audit-entries.ts'
import type { Database } from '../metadata/database.ts'
import { findProjectName } from '../metadata/projects.ts'
import { findRepository } from '../metadata/repositories.ts'
import { lockRepositoryText, updateRepositoryText } from '../metadata/repository-text.ts'
import { noRepository } from './repositories.ts'

/** What people write about a repository. */
export class RepositoryText {
  readonly #database: Database
  readonly #now: () => number

  constructor(parts: { database: Database; now: () => number }) {
    this.#database = parts.database
    this.#now = parts.now
  }

  /**
   * Changes what is given; a `readme` of `null` removes it. Throws `notFound`, `versionMismatch`, and what the check of
   * the context throws.
   */
  async updateRepository(
    context: ChangeContext,
    name: RepositoryName,
    change: { description?: string | undefined; readme?: string | null | undefined },
    expectedVersion?: number,
  ): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await context.check?.(tx)
      const found = await findRepository(tx, name)
      const before = found && (await lockRepositoryText(tx, found.id))
      if (!before) throw noRepository()
      checkVersion(before, expectedVersion)
      await updateRepositoryText(tx, found.id, change)
      const now = new Date(this.#now()).toISOString()
      await insertAuditEntry(
        tx,
        context,
        {
          action: 'repository.updated',
          targetKind: 'repository',
          target: name,
          project: (await findProjectName(tx, found.projectId)) ?? '',
          before: { description: before.description },
          after: {
            description: change.description ?? before.description,
            ...(change.readme !== undefined && { readmeLength: change.readme?.length ?? 0 }),
          },
        },
        now,
      )
    })
  }
}
