import type { RepositoryName } from '@berth/oci/reference.ts'
import type { AccessChanges, ChangeContext } from '../access/changes.ts'
import { checkVersion } from '../access/expected-version.ts'
import { levelsOf } from '../access/project-name.ts'
import { quotaFault } from '../access/project-settings.ts'
import { BerthError } from '../errors.ts'
import type { Database, Transaction } from '../metadata/database.ts'
import { findProjects, lockProject, updateProject } from '../metadata/projects.ts'
import { findRepository } from '../metadata/repositories.ts'
import { type LimitedUsage, limitedUsage } from '../metadata/usage.ts'
import type { RegistryEvent } from '../registry/admission.ts'
import type { Usage } from './usage.ts'

/** The limits that a project sets itself; `null`: only those of the projects above hold. */
export type Quota = { readonly bytes: number | null; readonly repositories: number | null }

/**
 * Keeps projects within their quotas. The quotas of all projects above a repository hold at once. Nobody waits for a
 * lock: each write counts itself and then looks, so a quota is exceeded at most by the writes under way together.
 */
export class Quotas {
  readonly #database: Database
  readonly #changes: AccessChanges
  readonly #usage: Usage

  constructor(parts: { database: Database; changes: AccessChanges; usage: Usage }) {
    this.#database = parts.database
    this.#changes = parts.changes
    this.#usage = parts.usage
  }

  /**
   * Refuses an upload that cannot fit any more before its bytes are read, as if its blob were new to the repository.
   * `bytes` is its size as far as it is known. Throws `quotaExceeded`.
   */
  async admitUpload(repository: RepositoryName, bytes: number | undefined): Promise<void> {
    const limited = await limitedUsage(this.#database.read, levelsOf(repository))
    for (const usage of limited) checkBytes(usage, usage.bytes, bytes ?? 1)
    const full = limited.find(
      ({ quotaRepositories, repositories }) =>
        quotaRepositories !== null && repositories >= quotaRepositories,
    )
    if (full && !(await findRepository(this.#database.read, repository))) {
      checkRepositories(full, full.repositories)
    }
  }

  /** Enters an event into the books. Throws `quotaExceeded` when that is what goes beyond. */
  async record(tx: Transaction, event: RegistryEvent): Promise<void> {
    const { bytes, repositories } = await this.#usage.record(tx, event)
    if (bytes <= 0 && repositories <= 0) return
    for (const usage of await limitedUsage(tx, levelsOf(event.repository.name))) {
      if (bytes > 0) checkBytes(usage, usage.bytes - bytes, bytes)
      if (repositories > 0) checkRepositories(usage, usage.repositories - repositories)
    }
  }

  /**
   * Sets the limits of a project below the root. A quota below what is there already only stops growth. The version is
   * that of the project as `Projects` tells it.
   * Throws `notFound`, `requestInvalid`, `versionMismatch`.
   */
  async setQuota(
    context: ChangeContext,
    name: string,
    quota: Quota,
    expectedVersion?: number,
  ): Promise<Quota & { version: number }> {
    const fault = quotaFault(quota)
    if (fault) throw fault
    return this.#changes.run(context, async ({ tx, now, record }) => {
      const project = name === '' ? undefined : await lockProject(tx, name)
      if (!project) throw new BerthError('notFound', 'There is no such project.')
      const before = await versionOf(tx, name)
      checkVersion({ version: before }, expectedVersion)
      await updateProject(tx, project.id, {
        quotaBytes: quota.bytes,
        quotaRepositories: quota.repositories,
        updatedAt: now,
      })
      await record({
        action: 'project.quotaChanged',
        targetKind: 'project',
        target: name,
        project: name,
        before: { bytes: project.quotaBytes, repositories: project.quotaRepositories },
        after: quota,
      })
      return { ...quota, version: before + 1 }
    })
  }
}

/** A project changes with those above it, whose settings it shows: so its version is the sum of theirs. */
async function versionOf(tx: Transaction, name: string): Promise<number> {
  const chain = await findProjects(tx, levelsOf(name))
  return chain.reduce((sum, { version }) => sum + version, 0)
}

function checkBytes(limited: LimitedUsage, used: number, needed: number): void {
  const { quotaBytes: limit } = limited
  if (limit === null || used + needed <= limit) return
  throw new BerthError(
    'quotaExceeded',
    `The quota of ${named(limited)} is ${limit} bytes, of which ${used} are used; this needs ${needed} more, ${used + needed - limit} too many. Delete what is not needed any more, or ask for a greater quota.`,
    { details: [{ project: limited.project, quota: 'bytes', limit, used, needed }] },
  )
}

function checkRepositories(limited: LimitedUsage, used: number): void {
  const { quotaRepositories: limit } = limited
  if (limit === null || used + 1 <= limit) return
  throw new BerthError(
    'quotaExceeded',
    `The quota of ${named(limited)} is ${limit} repositories, and it has ${used}; this would be one more. Delete what is not needed any more, or ask for a greater quota.`,
    { details: [{ project: limited.project, quota: 'repositories', limit, used, needed: 1 }] },
  )
}

function named({ project }: LimitedUsage): string {
  return project === '' ? 'the instance' : `the project ${project}`
}
