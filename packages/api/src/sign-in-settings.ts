import * as z from 'zod'
import { defineRoute } from './route.ts'

const none = z.strictObject({})

const roleMapping = z.strictObject({
  group: z.string(),
  role: z.string(),
})

const groupRules = {
  requiredGroups: z
    .array(z.string())
    .describe('Whoever is in none of them may not sign in; with none, anybody may.'),
  roleMappings: z.array(roleMapping).describe('Roles on the instance that groups give.'),
}

const oidcSettings = z.strictObject({
  kind: z.literal('oidc'),
  id: z.string().describe('`oidc:` and its id in the settings, as in `source` of its users.'),
  name: z.string().describe('What the sign-in page calls it.'),
  issuer: z.string(),
  clientId: z.string(),
  hasClientSecret: z.boolean(),
  scopes: z.array(z.string()),
  usernameClaim: z.string(),
  groupsClaim: z.string(),
  signingAlgorithms: z.array(z.string()),
  ...groupRules,
  recheckHours: z.number().describe('0: never.'),
  redirectUri: z.string().describe('The address to register with the provider.'),
})

const ldapSettings = z.strictObject({
  kind: z.literal('ldap'),
  id: z.literal('ldap').describe('As in `source` of its users.'),
  urls: z.array(z.string()).describe('The servers, in the order in which they are asked.'),
  startTls: z.boolean(),
  insecure: z.boolean().describe('Passwords travel over `ldap://` without encryption.'),
  hasCaFile: z.boolean(),
  bindDn: z.string().nullable().describe('Who searches; `null`: anybody may.'),
  userBase: z.string().nullable(),
  userScope: z.enum(['sub', 'one']),
  userFilter: z.string(),
  nameAttribute: z.string(),
  idAttribute: z.string(),
  displayNameAttribute: z.string(),
  emailAttribute: z.string(),
  groupBase: z.string().nullable(),
  groupFilter: z.string(),
  groupName: z.enum(['cn', 'dn']),
  groupMembership: z.enum(['member', 'memberOf', 'chain']),
  nestedGroups: z.boolean(),
  ...groupRules,
  syncMinutes: z.number(),
  cacheSeconds: z.number(),
  timeoutSeconds: z.number(),
})

export const listSignInSettings = defineRoute({
  id: 'listSignInSettings',
  method: 'GET',
  path: '/system/sign-in',
  topic: 'System',
  summary: 'List providers and directories with their settings',
  description: 'As they are in force, without secrets.',
  params: none,
  query: none,
  body: undefined,
  status: 200,
  answer: z.strictObject({
    items: z.array(z.discriminatedUnion('kind', [oidcSettings, ldapSettings])),
  }),
  problems: [],
  versioned: false,
})

export const testSignIn = defineRoute({
  id: 'testSignIn',
  method: 'POST',
  path: '/system/sign-in/{provider}/test',
  topic: 'System',
  summary: 'Try out a provider or directory',
  description:
    'Really asks it, with the settings in force, and answers within 15 seconds with what it tried. Nobody is signed in by it.',
  params: z.strictObject({
    provider: z
      .string()
      .regex(/^(?:ldap|oidc:[a-z0-9][a-z0-9-]{0,31})$/)
      .describe('`id` in the list of settings.'),
  }),
  query: none,
  body: z.strictObject({
    userName: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe('Also looks this name up in the directory; without meaning for a provider.'),
  }),
  status: 200,
  answer: z.strictObject({
    passed: z.boolean().describe('No step failed.'),
    steps: z.array(
      z.strictObject({
        name: z.enum([
          'discovery',
          'keys',
          'clock',
          'client',
          'redirect',
          'connect',
          'tls',
          'bind',
          'search',
          'user',
        ]),
        target: z.string().nullable().describe('The server asked, where there are several.'),
        state: z.enum(['passed', 'failed', 'skipped']),
        message: z.string().describe('What was found, and what to do when it failed.'),
        milliseconds: z.int().min(0),
      }),
    ),
  }),
  problems: ['notFound'],
  versioned: false,
})
