import { repositoryAction } from '@berth/api/limits.ts'
import { projectAction } from '@berth/api/projects.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import type { RepositoryAction } from '../../actor.ts'
import type { ProjectAction } from '../../access/authorize.ts'
import type { Caller } from '../../access/caller.ts'

/** What the caller may do in the project of this name, so that programs offer only that. */
export async function allowedInProject(caller: Caller, project: string): Promise<ProjectAction[]> {
  const allowed: ProjectAction[] = []
  for (const action of projectAction.options) {
    if (await caller.mayProject(action, project)) allowed.push(action)
  }
  return allowed
}

/** What the caller may do in the repository, and in its project. */
export async function allowedInRepository(
  caller: Caller,
  repository: RepositoryName,
  project: string,
): Promise<(RepositoryAction | ProjectAction)[]> {
  const allowed: (RepositoryAction | ProjectAction)[] = []
  for (const action of repositoryAction.options) {
    if (await caller.may(action, repository)) allowed.push(action)
  }
  return [...allowed, ...(await allowedInProject(caller, project))]
}
