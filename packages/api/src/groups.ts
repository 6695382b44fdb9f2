import * as z from 'zod'
import { pageOf, pageQuery } from './page.ts'
import { defineRoute } from './route.ts'
import { instanceRole, userName } from './users.ts'

export const groupName = userName.describe('Name of a group.')

const source = z
  .string()
  .min(1)
  .max(70)
  .regex(/^(?:local|ldap|oidc:[a-z0-9][a-z0-9._-]{0,63})$/)
  .describe(
    '`local`: the members are managed here. `ldap`, `oidc:<provider>`: they come from there.',
  )

const externalName = z
  .string()
  .min(1)
  .max(512)
  .regex(/^\P{Cc}+$/u)
  .describe('What the group is called there, without control characters.')

const group = z.strictObject({
  name: groupName,
  source,
  externalName: externalName.nullable(),
  role: instanceRole,
  createdAt: z.iso.datetime(),
  version: z.int(),
})

const groupMember = z.strictObject({
  name: userName,
  displayName: z.string().nullable(),
  addedAt: z.iso.datetime(),
})

const groupParams = z.strictObject({ group: groupName })
const groupMemberParams = z.strictObject({ group: groupName, user: userName })

export const listGroups = defineRoute({
  id: 'listGroups',
  method: 'GET',
  path: '/groups',
  topic: 'Groups',
  summary: 'List groups by name',
  params: z.strictObject({}),
  query: z.strictObject({
    ...pageQuery,
    prefix: z
      .string()
      .min(1)
      .max(64)
      .regex(/^[a-z0-9._-]+$/)
      .optional()
      .describe('What the names begin with.'),
    source: source.optional(),
    role: instanceRole.optional(),
  }),
  body: undefined,
  status: 200,
  answer: pageOf(group),
  problems: [],
  versioned: false,
})

export const createGroup = defineRoute({
  id: 'createGroup',
  method: 'POST',
  path: '/groups',
  topic: 'Groups',
  summary: 'Create a group',
  description:
    'A group with a source and an external name stands for a group there: who signs in from there is in it if they are in it there.',
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: z.strictObject({
    name: groupName,
    role: instanceRole.default('none'),
    source: source.default('local'),
    externalName: externalName.optional(),
  }),
  status: 201,
  answer: group,
  problems: ['alreadyExists'],
  versioned: true,
})

export const readGroup = defineRoute({
  id: 'readGroup',
  method: 'GET',
  path: '/groups/{group}',
  topic: 'Groups',
  summary: 'Read a group',
  params: groupParams,
  query: z.strictObject({}),
  body: undefined,
  status: 200,
  answer: group,
  problems: ['notFound'],
  versioned: true,
})

export const updateGroup = defineRoute({
  id: 'updateGroup',
  method: 'PATCH',
  path: '/groups/{group}',
  topic: 'Groups',
  summary: 'Change the name of a group or its role on the instance',
  params: groupParams,
  query: z.strictObject({}),
  body: z.strictObject({ name: groupName.optional(), role: instanceRole.optional() }),
  status: 200,
  answer: group,
  problems: ['notFound', 'alreadyExists', 'versionMismatch'],
  versioned: true,
})

export const deleteGroup = defineRoute({
  id: 'deleteGroup',
  method: 'DELETE',
  path: '/groups/{group}',
  topic: 'Groups',
  summary: 'Delete a group and every role that it gave',
  params: groupParams,
  query: z.strictObject({}),
  body: undefined,
  status: 204,
  answer: undefined,
  problems: ['notFound', 'versionMismatch'],
  versioned: true,
})

export const listGroupMembers = defineRoute({
  id: 'listGroupMembers',
  method: 'GET',
  path: '/groups/{group}/members',
  topic: 'Groups',
  summary: 'List the users in a group by name',
  params: groupParams,
  query: z.strictObject(pageQuery),
  body: undefined,
  status: 200,
  answer: pageOf(groupMember),
  problems: ['notFound'],
  versioned: false,
})

export const addGroupMember = defineRoute({
  id: 'addGroupMember',
  method: 'PUT',
  path: '/groups/{group}/members/{user}',
  topic: 'Groups',
  summary: 'Put a user into a group',
  params: groupMemberParams,
  query: z.strictObject({}),
  body: undefined,
  status: 204,
  answer: undefined,
  problems: ['notFound', 'conflict'],
  versioned: false,
})

export const removeGroupMember = defineRoute({
  id: 'removeGroupMember',
  method: 'DELETE',
  path: '/groups/{group}/members/{user}',
  topic: 'Groups',
  summary: 'Take a user out of a group',
  params: groupMemberParams,
  query: z.strictObject({}),
  body: undefined,
  status: 204,
  answer: undefined,
  problems: ['notFound', 'conflict'],
  versioned: false,
})
