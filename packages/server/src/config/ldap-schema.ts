/** The section `access.ldap`. */
import * as z from 'zod'
import { requiredGroups, roleMappings } from './role-mapping.ts'
import { path } from './setting.ts'
import { isLdapAttribute, isLdapFilter, isLdapUrl } from './value-checks.ts'

const distinguishedName = (description: string) =>
  z
    .string()
    .max(1024)
    .refine((value) => !/\p{Cc}/u.test(value))
    .meta({ description, accepted: 'a distinguished name' })

const attribute = (value: string, description: string) =>
  z.string().refine(isLdapAttribute).default(value).meta({
    description,
    accepted: 'the name of an LDAP attribute',
  })

const filter = (value: string, description: string) =>
  z.string().max(4096).refine(isLdapFilter).default(value).meta({
    description,
    accepted: 'an LDAP filter in brackets (RFC 4515)',
  })

const ldapFields = {
  urls: z
    .array(
      z.string().max(255).refine(isLdapUrl).meta({ accepted: 'ldaps:// or ldap:// addresses' }),
    )
    .max(10)
    .default([])
    .describe(
      'The directory servers, such as `ldaps://ldap.example.com`, tried in this order. Without any there is no directory.',
    ),
  startTls: z
    .boolean()
    .default(false)
    .describe('Encrypt `ldap://` connections before anything is sent over them.'),
  insecure: z
    .boolean()
    .default(false)
    .describe(
      'Send passwords over `ldap://` without encryption. Everybody on the way can read them.',
    ),
  caFile: path(
    'PEM file with the authorities that may vouch for the servers, instead of the usual ones.',
  ).optional(),
  bindDn: distinguishedName(
    'Who Berth signs in as to search. Without it the directory must let anybody search.',
  ).optional(),
  bindPassword: z.string().min(1).max(1024).optional().meta({
    description: 'The password of `bindDn`.',
    secret: true,
    accepted: 'text of at most 1024 characters',
  }),
  userBase: distinguishedName('Where users are: `ou=people,dc=example,dc=com`.').optional(),
  userScope: z
    .enum(['sub', 'one'])
    .default('sub')
    .describe('`sub`: anywhere below `userBase`. `one`: right below it.'),
  userFilter: filter('(objectClass=person)', 'What else must be true of a user.'),
  nameAttribute: attribute(
    'uid',
    'Holds the name by which users sign in: `uid`, or `sAMAccountName` in Active Directory.',
  ),
  idAttribute: attribute(
    'entryUUID',
    'Holds what never changes about a user: `entryUUID`, or `objectGUID` in Active Directory.',
  ),
  displayNameAttribute: attribute('cn', 'Holds the name that people read.'),
  emailAttribute: attribute('mail', 'Holds the e-mail address.'),
  groupBase: distinguishedName('Where groups are. Without it users have no groups.').optional(),
  groupFilter: filter(
    '(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=group))',
    'What is a group.',
  ),
  groupName: z
    .enum(['cn', 'dn'])
    .default('cn')
    .describe(
      'What Berth calls a group by: its `cn`, or its whole distinguished name, for directories where two groups have the same `cn`.',
    ),
  groupMembership: z
    .enum(['member', 'memberOf', 'chain'])
    .default('member')
    .describe(
      '`member`: groups list their members. `memberOf`: users and groups list the groups they are in. `chain`: Active Directory follows groups in groups itself.',
    ),
  nestedGroups: z
    .boolean()
    .default(true)
    .describe('Whoever is in a group is also in the groups that this group is in.'),
  requiredGroups,
  roleMappings,
  syncMinutes: z
    .number()
    .min(0.1)
    .max(10_080)
    .default(5)
    .describe(
      'How often groups of all users are read again. Users who are gone from the directory are disabled.',
    ),
  cacheSeconds: z
    .int()
    .min(0)
    .max(3600)
    .default(60)
    .describe('A password that the directory found right is not asked about again for so long.'),
  timeoutSeconds: z
    .number()
    .min(0.1)
    .max(60)
    .default(5)
    .describe('How long one server may take to connect, and to answer each question.'),
  maxConnections: z
    .int()
    .min(1)
    .max(1000)
    .default(8)
    .describe('Connections to the directory at once at most; further sign-ins wait.'),
}

const transport = z.object({
  urls: z.array(z.string()),
  startTls: z.boolean(),
  insecure: z.boolean(),
})
const account = z.object({
  urls: z.array(z.string()),
  bindDn: z.string().optional(),
  bindPassword: z.string().optional(),
  userBase: z.string().optional(),
})

export const ldap = z
  .strictObject(ldapFields)
  .refine(
    ({ urls, startTls, insecure }) =>
      startTls || insecure || urls.every((url) => url.toLowerCase().startsWith('ldaps:')),
    {
      path: ['urls'],
      error:
        'has an address with ldap://, over which passwords would travel readable. Use ldaps://, or set access.ldap.startTls to true',
      when: ({ value }) => transport.safeParse(value).success,
    },
  )
  .refine(({ bindDn, bindPassword }) => (bindDn === undefined) === (bindPassword === undefined), {
    path: ['bindDn'],
    error: 'and access.ldap.bindPassword go together. Set both, or none to search without a name',
    when: ({ value }) => account.safeParse(value).success,
  })
  .refine(({ urls, userBase }) => urls.length === 0 || userBase !== undefined, {
    path: ['userBase'],
    error: 'is missing, and access.ldap.urls needs it: where the directory keeps its users',
    when: ({ value }) => account.safeParse(value).success,
  })
  .prefault({})
  .describe('Users and groups of an LDAP directory or Active Directory.')
