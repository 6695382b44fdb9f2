import * as z from 'zod'
import { defineRoute } from './route.ts'

const none = z.strictObject({})

const providerId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/)
  .describe('Id of a provider in the settings.')

const providerParams = z.strictObject({ provider: providerId })

export const listSignInProviders = defineRoute({
  id: 'listSignInProviders',
  method: 'GET',
  path: '/auth/providers',
  topic: 'Session',
  summary: 'List the ways to sign in, and the providers of single sign-on',
  params: none,
  query: none,
  body: undefined,
  status: 200,
  answer: z.strictObject({
    ways: z
      .array(z.enum(['password', 'directory', 'provider']))
      .describe(
        '`password`: of users that Berth keeps itself. `directory`: an LDAP directory is asked for the name and password. `provider`: one of `items`.',
      ),
    items: z.array(
      z.strictObject({
        id: providerId,
        name: z.string().describe('What the sign-in page calls it.'),
      }),
    ),
  }),
  problems: [],
  versioned: false,
  open: true,
})

export const startOidcSignIn = defineRoute({
  id: 'startOidcSignIn',
  method: 'GET',
  path: '/auth/oidc/{provider}/start',
  topic: 'Session',
  summary: 'Begin to sign in with a provider',
  description:
    'For browsers: goes on to the provider, and keeps in a cookie what is needed when it comes back within ten minutes.',
  params: providerParams,
  query: z.strictObject({
    returnTo: z
      .string()
      .min(1)
      .max(2048)
      .optional()
      .describe('A path of Berth itself where the browser goes in the end. Default: `/`.'),
  }),
  body: undefined,
  status: 303,
  answer: undefined,
  problems: ['notFound'],
  versioned: false,
  open: true,
})

export const finishOidcSignIn = defineRoute({
  id: 'finishOidcSignIn',
  method: 'GET',
  path: '/auth/oidc/{provider}/callback',
  topic: 'Session',
  summary: 'Come back from a provider',
  description:
    'The address to register with the provider. Starts a session, whose secret comes in a cookie, and goes on to where the browser wanted to go.',
  params: providerParams,
  // Not strict: providers add what they like, and what counts is checked against the cookie.
  query: z.looseObject({
    state: z.string().min(1).max(512),
    code: z.string().min(1).max(8192).optional(),
    iss: z.string().max(1024).optional(),
    error: z.string().max(256).optional(),
  }),
  body: undefined,
  status: 303,
  answer: undefined,
  problems: ['notFound'],
  versioned: false,
  open: true,
})
