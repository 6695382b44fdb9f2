import * as z from 'zod'
import { pageOf, pageQuery } from './page.ts'
import { defineRoute } from './route.ts'

export const userName = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/)
  .describe('Name of a user.')

export const instanceRole = z
  .enum(['admin', 'auditor', 'maintainer', 'developer', 'reader', 'none'])
  .describe('A role on the whole instance; projects may say otherwise for all but the first two.')

const displayName = z.string().min(1).max(128).describe('What people are shown beside the name.')
const email = z.string().min(3).max(254)
const password = z
  .string()
  .min(1)
  .max(256)
  .describe('12 characters to 256 bytes, and none of those that everybody tries first.')

export const user = z.strictObject({
  id: z.string(),
  name: userName,
  role: instanceRole,
  displayName: z.string().nullable(),
  email: z.string().nullable(),
  source: z
    .string()
    .describe('`local`, or where the user comes from: `htpasswd`, `ldap`, `oidc:<provider>`.'),
  disabledAt: z.iso.datetime().nullable().describe('`null` while the user may sign in.'),
  createdAt: z.iso.datetime(),
  version: z.int(),
})

const userParams = z.strictObject({ user: userName })

export const listUsers = defineRoute({
  id: 'listUsers',
  method: 'GET',
  path: '/users',
  topic: 'Users',
  summary: 'List users',
  params: z.strictObject({}),
  query: z.strictObject({
    ...pageQuery,
    sort: z.enum(['name', 'createdAt']).default('name'),
    prefix: z
      .string()
      .min(1)
      .max(64)
      .regex(/^[a-z0-9._-]+$/)
      .optional()
      .describe('What the names begin with.'),
    role: instanceRole.optional(),
    source: z
      .string()
      .min(1)
      .max(70)
      .regex(/^[a-z0-9:._-]+$/)
      .optional(),
    disabled: z.enum(['true', 'false']).optional(),
  }),
  body: undefined,
  status: 200,
  answer: pageOf(user),
  problems: [],
  versioned: false,
})

export const createUser = defineRoute({
  id: 'createUser',
  method: 'POST',
  path: '/users',
  topic: 'Users',
  summary: 'Create a user with a password',
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: z.strictObject({
    name: userName,
    password,
    role: instanceRole.default('none'),
    displayName: displayName.optional(),
    email: email.optional(),
  }),
  status: 201,
  answer: user,
  problems: ['alreadyExists'],
  versioned: true,
})

export const readUser = defineRoute({
  id: 'readUser',
  method: 'GET',
  path: '/users/{user}',
  topic: 'Users',
  summary: 'Read a user',
  params: userParams,
  query: z.strictObject({}),
  body: undefined,
  status: 200,
  answer: user,
  problems: ['notFound'],
  versioned: true,
})

export const updateUser = defineRoute({
  id: 'updateUser',
  method: 'PATCH',
  path: '/users/{user}',
  topic: 'Users',
  summary: 'Change, disable or enable a user',
  description:
    'What is left out stays. A user who is disabled loses every session and stored login for good.',
  params: userParams,
  query: z.strictObject({}),
  body: z.strictObject({
    role: instanceRole.optional(),
    disabled: z.boolean().optional(),
    displayName: displayName.nullable().optional(),
    email: email.nullable().optional(),
  }),
  status: 200,
  answer: user,
  problems: ['notFound', 'conflict', 'versionMismatch'],
  versioned: true,
})

export const setUserPassword = defineRoute({
  id: 'setUserPassword',
  method: 'PUT',
  path: '/users/{user}/password',
  topic: 'Users',
  summary: 'Set a new password for a user, which signs them out everywhere',
  params: userParams,
  query: z.strictObject({}),
  body: z.strictObject({ password }),
  status: 204,
  answer: undefined,
  problems: ['notFound', 'conflict'],
  versioned: false,
})

export const deleteUser = defineRoute({
  id: 'deleteUser',
  method: 'DELETE',
  path: '/users/{user}',
  topic: 'Users',
  summary: 'Delete a user for good',
  params: userParams,
  query: z.strictObject({}),
  body: undefined,
  status: 204,
  answer: undefined,
  problems: ['notFound', 'conflict', 'versionMismatch'],
  versioned: true,
})

export const readOwnUser = defineRoute({
  id: 'readOwnUser',
  method: 'GET',
  path: '/account',
  topic: 'Account',
  summary: 'Read who is signed in',
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  status: 200,
  answer: user,
  problems: ['notFound'],
  versioned: false,
})

export const updateOwnUser = defineRoute({
  id: 'updateOwnUser',
  method: 'PATCH',
  path: '/account',
  topic: 'Account',
  summary: 'Change the own display name',
  description: 'Refused with `conflict` for who comes from a directory or a provider.',
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: z.strictObject({ displayName: displayName.nullable() }),
  status: 200,
  answer: user,
  problems: ['notFound', 'conflict'],
  versioned: false,
})

export const changeOwnPassword = defineRoute({
  id: 'changeOwnPassword',
  method: 'PUT',
  path: '/account/password',
  topic: 'Account',
  summary: 'Change the own password, which ends all other logins',
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: z.strictObject({
    currentPassword: z.string().min(1).max(256),
    code: z
      .string()
      .min(6)
      .max(64)
      .optional()
      .describe('Of the authenticator app, or a recovery code, for who has a second factor.'),
    newPassword: password,
  }),
  status: 204,
  answer: undefined,
  problems: ['notFound', 'conflict'],
  versioned: false,
})
