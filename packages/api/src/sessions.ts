import * as z from 'zod'
import { defineRoute } from './route.ts'
import { userName } from './users.ts'

const none = z.strictObject({})
const userParams = z.strictObject({ user: userName })
const sessionParams = z.strictObject({
  session: z.uuid().describe('Id of a session, as the list has it.'),
})

const listedSession = z.strictObject({
  id: z.uuid(),
  method: z
    .string()
    .describe('How the user proved who they are: `password`, `ldap` or `oidc:<provider>`.'),
  address: z.string().describe('Where the user signed in.'),
  userAgent: z.string().describe('What the browser calls itself.'),
  createdAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().describe('To the minute.'),
  expiresAt: z.iso.datetime().describe('When it ends unless it is used again before.'),
  current: z.boolean().describe('Whether it is the one that asks.'),
})

/** At most 100 of a user are kept, so the list is whole. */
const sessionList = z.strictObject({ items: z.array(listedSession).max(1000) })

const ended = z.strictObject({ ended: z.int().min(0).describe('How many sessions ended.') })

export const listSessions = defineRoute({
  id: 'listSessions',
  method: 'GET',
  path: '/sessions',
  topic: 'Sessions',
  summary: 'List your own sessions, the newest first',
  params: none,
  query: none,
  body: undefined,
  status: 200,
  answer: sessionList,
  problems: [],
  versioned: false,
})

export const endSessions = defineRoute({
  id: 'endSessions',
  method: 'DELETE',
  path: '/sessions',
  topic: 'Sessions',
  summary: 'End your own sessions',
  params: none,
  query: z.strictObject({
    except: z
      .enum(['current', 'none'])
      .default('current')
      .describe('`current`: all but the one that asks.'),
  }),
  body: undefined,
  status: 200,
  answer: ended,
  problems: [],
  versioned: false,
})

export const endSession = defineRoute({
  id: 'endSession',
  method: 'DELETE',
  path: '/sessions/{session}',
  topic: 'Sessions',
  summary: 'End one of your own sessions',
  params: sessionParams,
  query: none,
  body: undefined,
  status: 204,
  answer: undefined,
  problems: ['notFound'],
  versioned: false,
})

export const listUserSessions = defineRoute({
  id: 'listUserSessions',
  method: 'GET',
  path: '/users/{user}/sessions',
  topic: 'Sessions',
  summary: 'List the sessions of a user, the newest first',
  params: userParams,
  query: none,
  body: undefined,
  status: 200,
  answer: sessionList,
  problems: ['notFound'],
  versioned: false,
})

export const endUserSessions = defineRoute({
  id: 'endUserSessions',
  method: 'DELETE',
  path: '/users/{user}/sessions',
  topic: 'Sessions',
  summary: 'End all sessions of a user',
  params: userParams,
  query: none,
  body: undefined,
  status: 200,
  answer: ended,
  problems: ['notFound'],
  versioned: false,
})
