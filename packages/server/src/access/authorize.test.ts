import { expect, it } from 'vitest'
import type { Role } from '../actor.ts'
import { type Action, roleAllows } from './authorize.ts'

const all: readonly Action[] = ['pull', 'push', 'delete', 'catalog']

it.each<[Role | undefined, readonly Action[]]>([
  [undefined, []],
  ['reader', ['pull', 'catalog']],
  ['writer', ['pull', 'push', 'catalog']],
  ['admin', ['pull', 'push', 'delete', 'catalog']],
])('the role %s may do exactly %j', (role, allowed) => {
  expect(all.filter((action) => roleAllows(role, action))).toEqual(allowed)
})
