import type { Actor, InstanceRole } from '../actor.ts'
import { isProjectName } from './project-name.ts'

/** Who gets a project of their own by pushing to a name that no project covers. */
export type ProjectsOnPush = 'nobody' | 'admins' | 'users'

/** Whether the first push to a name that no project covers makes one, for this caller. Robots and workloads never. */
export function mayFoundProjects(
  setting: ProjectsOnPush,
  instanceRole: InstanceRole,
  actor: Actor,
): boolean {
  if (actor.kind !== 'user') return false
  if (setting === 'users') return instanceRole !== 'auditor'
  return setting === 'admins' && instanceRole === 'admin'
}

/** The project that a first push to the repository would make: its first component, if more follow and it can be one. */
export function projectToFound(repository: string): string | undefined {
  const slash = repository.indexOf('/')
  const name = repository.slice(0, Math.max(0, slash))
  return slash !== -1 && isProjectName(name) ? name : undefined
}
