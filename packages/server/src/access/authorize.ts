import { repositoryAction } from '@berth/api/limits.ts'
import type { projectAction } from '@berth/api/projects.ts'
import type { output } from 'zod'
import type { InstanceRole, ProjectRole, RepositoryAction } from '../actor.ts'

/** What can be done with a project itself, through the management API. */
export type ProjectAction = output<typeof projectAction>

/** What concerns no project. */
export type InstanceAction = 'catalog' | 'readUsers' | 'manageUsers' | 'readSystem' | 'manageSystem'

export type Action = RepositoryAction | ProjectAction | InstanceAction

/** A role of either kind; the two that exist on the instance only are told apart by `InstanceRole`. */
export type AnyRole = InstanceRole | ProjectRole

const reader = ['pull', 'readProject', 'catalog'] as const
const developer = [...reader, 'push', 'createTag', 'moveTag'] as const
const maintainer = [
  ...developer,
  'deleteTag',
  'delete',
  'readMembers',
  'manageImmutability',
  'managePolicy',
  'signImages',
  'judgeFindings',
] as const
const projectAdmin = [
  ...maintainer,
  'updateProject',
  'createProject',
  'deleteProject',
  'manageMembers',
  'readRobots',
  'manageRobots',
  'manageSigners',
  'readAudit',
] as const
const auditor = [
  ...reader,
  'readMembers',
  'readRobots',
  'readAudit',
  'readUsers',
  'readSystem',
] as const
const instanceAdmin = [
  ...projectAdmin,
  'manageQuota',
  'readUsers',
  'manageUsers',
  'readSystem',
  'manageSystem',
] as const

const projectRoles: Readonly<Record<ProjectRole, ReadonlySet<Action>>> = {
  none: new Set(),
  reader: new Set(reader),
  developer: new Set(developer),
  maintainer: new Set(maintainer),
  admin: new Set(projectAdmin),
}

const instanceRoles: Readonly<Record<InstanceRole, ReadonlySet<Action>>> = {
  none: new Set(),
  reader: new Set(reader),
  developer: new Set(developer),
  maintainer: new Set(maintainer),
  auditor: new Set(auditor),
  admin: new Set(instanceAdmin),
}

/**
 * The whole of authorisation, with `Permissions` which finds the role: what each role may do. A developer may move a
 * tag but not delete: a manifest survives a moved tag, so a leaked password of a build cannot destroy an image.
 */
export function projectRoleAllows(role: ProjectRole, action: Action): boolean {
  return projectRoles[role].has(action)
}

/** What the role gives on the whole instance; for all but `admin` and `auditor` a project may say otherwise. */
export function instanceRoleAllows(role: InstanceRole, action: Action): boolean {
  return instanceRoles[role].has(action)
}

const order: readonly ProjectRole[] = ['none', 'reader', 'developer', 'maintainer', 'admin']

/** The one that allows more: of several groups in one project, the best counts. */
export function greaterRole(a: ProjectRole, b: ProjectRole): ProjectRole {
  return order.indexOf(a) >= order.indexOf(b) ? a : b
}

const instanceOrder: readonly InstanceRole[] = [
  'none',
  'reader',
  'developer',
  'maintainer',
  'auditor',
  'admin',
]

/**
 * The one that counts of a user's own role on the instance and those of the user's groups. An auditor changes nothing,
 * whatever else the groups would give, unless one of them makes an administrator.
 */
export function greaterInstanceRole(a: InstanceRole, b: InstanceRole): InstanceRole {
  return instanceOrder.indexOf(a) >= instanceOrder.indexOf(b) ? a : b
}

export function isRepositoryAction(action: Action): action is RepositoryAction {
  return repositoryAction.options.includes(action as RepositoryAction)
}

/** How a refusal names the action; the name of a repository follows. */
export const actionPhrase: Readonly<Record<RepositoryAction, string>> = {
  pull: 'pull from',
  push: 'push to',
  createTag: 'create a tag in',
  moveTag: 'move a tag of',
  deleteTag: 'delete a tag of',
  delete: 'delete from',
}
