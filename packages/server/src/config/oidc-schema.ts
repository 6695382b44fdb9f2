/** The setting `access.oidc`. */
import { isAbsolute } from 'node:path'
import * as z from 'zod'
import { signingAlgorithms } from './signing-algorithms.ts'
import { requiredGroups, roleMappings } from './role-mapping.ts'
import { isOidcIssuer } from './value-checks.ts'

const claim = (value: string, description: string) =>
  z.string().min(1).max(256).default(value).describe(description)

const provider = z.strictObject({
  id: z
    .string()
    .refine((value) => /^[a-z0-9][a-z0-9-]{0,31}$/.test(value), {
      error: 'must have 1 to 32 characters: lowercase letters, digits and -, not - first',
    })
    .describe('Part of the addresses of the sign-in; never change it once people have used it.'),
  name: z.string().min(1).max(64).describe('What the sign-in page calls it.'),
  issuer: z
    .string()
    .max(1024)
    .refine(isOidcIssuer, {
      error: 'must be an https:// address without a query, a fragment or a user name',
    })
    .describe('Exactly as the provider itself writes it, with https://.'),
  clientId: z.string().min(1).max(1024),
  clientSecretFile: z
    .string()
    .max(4096)
    .refine(isAbsolute, { error: 'must be the whole path of a file, from / on' })
    .optional()
    .describe(
      'File with the client secret, by its whole path. Without it Berth is a public client.',
    ),
  scopes: z
    .array(z.string().regex(/^[\u0021\u0023-\u005b\u005d-\u007e]{1,128}$/))
    .max(32)
    .default(['profile', 'email'])
    .describe('Asked for besides `openid`.'),
  usernameClaim: claim('preferred_username', 'Suggests the user name in Berth.'),
  groupsClaim: claim('groups', 'Lists the groups; dots lead into objects: `realm_access.roles`.'),
  signingAlgorithms: z
    .array(z.enum(signingAlgorithms))
    .min(1)
    .max(10)
    .default(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'])
    .describe('How ID tokens may be signed. What is not signed with a key pair never counts.'),
  requiredGroups,
  roleMappings,
  recheckHours: z
    .number()
    .min(0)
    .max(87_600)
    .default(168)
    .describe(
      'Whoever has not signed in at the provider for so long must do it again, or nothing of theirs works any more: sessions, keys and stored logins. 0: never.',
    ),
})

export const oidc = z
  .array(provider)
  .max(20)
  .refine((providers) => new Set(providers.map(({ id }) => id)).size === providers.length, {
    error: 'has two providers with the same id. Give each its own',
  })
  .default([])
  .meta({
    description:
      'Providers of single sign-on (OpenID Connect). The guide about single sign-on tells what each entry holds.',
    accepted:
      'a list of providers: `id`, `name`, `issuer`, `clientId`, and as needed `clientSecretFile`, `scopes`, `usernameClaim`, `groupsClaim`, `signingAlgorithms`, `requiredGroups`, `roleMappings`, `recheckHours`',
  })
