import * as z from 'zod'
import { actions, expiresAt, machineName, repositories } from './limits.ts'
import { pageOf, pageQuery } from './page.ts'
import { defineRoute } from './route.ts'
import { userName } from './users.ts'

const time = z.iso.datetime()

const apiKey = z.strictObject({
  id: z.uuid(),
  userName: userName.describe('Whose key it is.'),
  name: machineName,
  actions: actions.nullable().describe('`null`: all that the user may.'),
  repositories: repositories.nullable().describe('`null`: wherever the user may.'),
  expiresAt: time.nullable(),
  lastUsedAt: time.nullable().describe('Its last login, to five minutes.'),
  createdAt: time,
})

const nothing = z.strictObject({})
const key = z.uuid().describe('`id` of the key.')
const topic = 'Keys'

export const listOwnKeys = defineRoute({
  id: 'listOwnKeys',
  method: 'GET',
  path: '/account/keys',
  topic,
  summary: 'List the keys of the caller by name',
  params: nothing,
  query: z.strictObject(pageQuery),
  body: undefined,
  status: 200,
  answer: pageOf(apiKey),
  problems: [],
  versioned: false,
})

export const createOwnKey = defineRoute({
  id: 'createOwnKey',
  method: 'POST',
  path: '/account/keys',
  topic,
  summary: 'Create a key for the caller; its secret is in this answer only',
  description: 'A key never does more than its user may..',
  params: nothing,
  query: nothing,
  body: z.strictObject({
    name: machineName,
    actions: actions.nullable().default(null),
    repositories: repositories.nullable().default(null),
    expiresAt: expiresAt.default(null),
  }),
  status: 201,
  answer: z.strictObject({
    key: apiKey,
    secret: z
      .string()
      .describe('The password for `docker login`. It is shown here and never again.'),
  }),
  problems: ['alreadyExists', 'conflict'],
  versioned: false,
  secret: true,
})

export const revokeOwnKey = defineRoute({
  id: 'revokeOwnKey',
  method: 'DELETE',
  path: '/account/keys/{key}',
  topic,
  summary: 'Revoke a key of the caller',
  params: z.strictObject({ key }),
  query: nothing,
  body: undefined,
  status: 204,
  answer: undefined,
  problems: ['notFound'],
  versioned: false,
})

export const listUserKeys = defineRoute({
  ...listOwnKeys,
  id: 'listUserKeys',
  path: '/users/{user}/keys',
  summary: 'List the keys of a user by name',
  params: z.strictObject({ user: userName }),
  problems: ['notFound'],
})

export const revokeUserKey = defineRoute({
  ...revokeOwnKey,
  id: 'revokeUserKey',
  path: '/users/{user}/keys/{key}',
  summary: 'Revoke a key of a user',
  params: z.strictObject({ user: userName, key }),
})
