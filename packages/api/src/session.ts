import * as z from 'zod'
import { defineRoute } from './route.ts'
import { instanceRole, user } from './users.ts'

const none = z.strictObject({})

const csrfToken = z
  .string()
  .describe('To be sent as `X-Berth-CSRF` with every change that this session asks for.')

/** The answer to whoever has just signed in. */
export const signedIn = z.strictObject({
  user,
  csrfToken,
  expiresAt: z.iso.datetime().describe('When the session ends unless it is used again before.'),
})

/** What may be done on the whole instance. The first five are rights; each of the others follows from one of them. */
export const instanceRight = z.enum([
  'catalog',
  'readUsers',
  'manageUsers',
  'readSystem',
  'manageSystem',
  'createProject',
  'readAudit',
  'readPolicies',
  'managePolicies',
  'manageSigners',
  'manageRobots',
  'manageQuotas',
  'manageScanners',
  'importAdvisories',
  'manageJobs',
])

export const signIn = defineRoute({
  id: 'signIn',
  method: 'POST',
  path: '/session',
  topic: 'Session',
  summary: 'Sign in with a password',
  description:
    'Starts a session, whose secret comes in a cookie that scripts cannot read. A user with a second factor is refused with reason `secondFactorRequired` until `code` comes along. After several wrong guesses further ones are refused with `rateLimited` for a growing time, also right ones, except from an address where the user has signed in before.',
  params: none,
  query: none,
  body: z.strictObject({
    name: z.string().min(1).max(256).describe('Name of the user, here or in the directory.'),
    password: z.string().min(1).max(256),
    code: z
      .string()
      .min(6)
      .max(64)
      .optional()
      .describe('The six digits of an authenticator app, or a recovery code.'),
  }),
  status: 201,
  answer: signedIn,
  problems: [],
  versioned: false,
  open: true,
  secret: true,
})

export const readSession = defineRoute({
  id: 'readSession',
  method: 'GET',
  path: '/session',
  topic: 'Session',
  summary: 'Who you are',
  description: 'For any credentials: a session, a password, a key, a token, a certificate.',
  params: none,
  query: none,
  body: undefined,
  status: 200,
  answer: z.strictObject({
    actor: z.strictObject({
      kind: z.enum(['user', 'robot', 'workload', 'system', 'anonymous']),
      id: z.string(),
      name: z.string(),
    }),
    credentials: z
      .enum(['none', 'token', 'password', 'key', 'session', 'certificate'])
      .describe('How you proved who you are.'),
    user: user.nullable().describe('`null` for a machine.'),
    role: instanceRole
      .nullable()
      .describe('What was given to the user directly; groups may give more. `null` for a machine.'),
    allowed: z
      .array(instanceRight)
      .describe(
        'What you may do on the whole instance, whoever gave it to you. `createProject` is about projects at the top; what you may do in a project, the project tells.',
      ),
    session: z
      .strictObject({
        id: z.uuid(),
        csrfToken,
        idleMinutes: z.int().describe('It ends when it is not used for so long.'),
        absoluteHours: z.int().describe('It ends after so long in any case.'),
      })
      .nullable()
      .describe('`null` for other credentials than a session.'),
  }),
  problems: [],
  versioned: false,
})

export const signOut = defineRoute({
  id: 'signOut',
  method: 'DELETE',
  path: '/session',
  topic: 'Session',
  summary: 'Sign out',
  description: 'Ends the session that asks. With other credentials there is nothing to end.',
  params: none,
  query: none,
  body: undefined,
  status: 204,
  answer: undefined,
  problems: [],
  versioned: false,
})
