import { expect, it } from 'vitest'
import {
  type Action,
  type AnyRole,
  greaterInstanceRole,
  greaterRole,
  instanceRoleAllows,
  projectRoleAllows,
} from './authorize.ts'
import type { InstanceRole, ProjectRole } from '../actor.ts'

const onRepositories: readonly Action[] = [
  'pull',
  'push',
  'createTag',
  'moveTag',
  'deleteTag',
  'delete',
]
const onProjects: readonly Action[] = [
  'readProject',
  'updateProject',
  'createProject',
  'deleteProject',
  'readMembers',
  'manageMembers',
  'readRobots',
  'manageRobots',
  'manageImmutability',
  'manageQuota',
  'readAudit',
]
const onTheInstance: readonly Action[] = [
  'catalog',
  'readUsers',
  'manageUsers',
  'readSystem',
  'manageSystem',
]
const reads: readonly Action[] = [
  'pull',
  'readProject',
  'readMembers',
  'readRobots',
  'readAudit',
  'catalog',
  'readUsers',
  'readSystem',
]
const all = [...onRepositories, ...onProjects, ...onTheInstance]
const push: readonly Action[] = ['push', 'createTag', 'moveTag']
const remove: readonly Action[] = ['deleteTag', 'delete']

const allowed: Readonly<Record<Exclude<AnyRole, 'admin' | 'auditor'>, readonly Action[]>> = {
  none: [],
  reader: ['pull', 'readProject', 'catalog'],
  developer: ['pull', ...push, 'readProject', 'catalog'],
  maintainer: [
    'pull',
    ...push,
    ...remove,
    'readProject',
    'readMembers',
    'manageImmutability',
    'catalog',
  ],
}

it.each(Object.entries(allowed))('the role %s may do exactly this', (role, actions) => {
  for (const action of all) {
    const expected = [action, actions.includes(action)]
    expect([action, projectRoleAllows(role as ProjectRole, action)]).toEqual(expected)
    expect([action, instanceRoleAllows(role as InstanceRole, action)]).toEqual(expected)
  }
})

it('a project admin may do everything in the project but set its quota, and nothing with the instance', () => {
  for (const action of all) {
    const expected =
      (onRepositories.includes(action) || onProjects.includes(action) || action === 'catalog') &&
      action !== 'manageQuota'
    expect([action, projectRoleAllows('admin', action)]).toEqual([action, expected])
  }
})

it('an administrator may do everything, an auditor sees everything and changes nothing', () => {
  for (const action of all) {
    expect(instanceRoleAllows('admin', action)).toBe(true)
    expect([action, instanceRoleAllows('auditor', action)]).toEqual([
      action,
      reads.includes(action),
    ])
  }
})

it('of several roles the one counts that allows more', () => {
  expect(greaterRole('reader', 'maintainer')).toBe('maintainer')
  expect(greaterRole('none', 'none')).toBe('none')
  expect(greaterRole('admin', 'developer')).toBe('admin')
  expect(greaterInstanceRole('developer', 'auditor')).toBe('auditor')
  expect(greaterInstanceRole('auditor', 'admin')).toBe('admin')
})
