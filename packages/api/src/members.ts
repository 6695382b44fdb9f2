import * as z from 'zod'
import { pageOf, pageQuery } from './page.ts'
import { projectName, projectParams, visibility } from './projects.ts'
import { defineRoute } from './route.ts'
import { instanceRole, userName } from './users.ts'

export const projectRole = z
  .enum(['admin', 'maintainer', 'developer', 'reader', 'none'])
  .describe('A role in a project and all below it; `none` takes away what would be inherited.')

const subjectKind = z.enum(['user', 'group'])
const subjectName = userName.describe('Name of a user or a group.')

const member = z.strictObject({
  kind: subjectKind,
  name: subjectName,
  role: projectRole,
  project: projectName.or(z.literal('')).describe('The project that the entry stands in.'),
  createdAt: z.iso.datetime(),
})

const memberParams = z.strictObject({
  project: projectName,
  kind: subjectKind,
  subject: subjectName,
})

export const listMembers = defineRoute({
  id: 'listMembers',
  method: 'GET',
  path: '/projects/{project}/members',
  topic: 'Members',
  summary: 'List who has which role in a project: groups by name, then users',
  params: projectParams,
  query: z.strictObject({
    ...pageQuery,
    kind: subjectKind.optional(),
    role: projectRole.optional(),
    prefix: z
      .string()
      .min(1)
      .max(64)
      .regex(/^[a-z0-9._-]+$/)
      .optional()
      .describe('What the names begin with.'),
    inherited: z
      .enum(['true', 'false'])
      .default('false')
      .describe('`true`: the entries of the projects above as well.'),
  }),
  body: undefined,
  status: 200,
  answer: pageOf(member),
  problems: ['notFound'],
  versioned: false,
})

export const setMember = defineRoute({
  id: 'setMember',
  method: 'PUT',
  path: '/projects/{project}/members/{kind}/{subject}',
  topic: 'Members',
  summary: 'Give a user or a group a role in a project, or another one',
  params: memberParams,
  query: z.strictObject({}),
  body: z.strictObject({ role: projectRole }),
  status: 200,
  answer: member,
  problems: ['notFound'],
  versioned: false,
})

export const removeMember = defineRoute({
  id: 'removeMember',
  method: 'DELETE',
  path: '/projects/{project}/members/{kind}/{subject}',
  topic: 'Members',
  summary: 'Remove an entry of this project; an inherited role then holds again',
  params: memberParams,
  query: z.strictObject({}),
  body: undefined,
  status: 204,
  answer: undefined,
  problems: ['notFound'],
  versioned: false,
})

const place = projectName.or(z.literal(''))

export const explainAccess = defineRoute({
  id: 'explainAccess',
  method: 'GET',
  path: '/projects/{project}/access/{user}',
  topic: 'Members',
  summary: 'Explain which role a user has in a project, and why',
  params: z.strictObject({ project: projectName, user: userName }),
  query: z.strictObject({}),
  body: undefined,
  status: 200,
  answer: z.strictObject({
    user: userName,
    project: projectName,
    role: instanceRole,
    origin: z
      .discriminatedUnion('kind', [
        z
          .strictObject({ kind: z.literal('member'), project: place })
          .describe('An entry of the user in this project or one above.'),
        z
          .strictObject({ kind: z.literal('group'), project: place, group: subjectName })
          .describe('An entry of a group that the user is in.'),
        z
          .strictObject({ kind: z.literal('instance'), group: subjectName.nullable() })
          .describe('The role on the instance: of the user, or of the group that is named.'),
      ])
      .describe('Where the role comes from.'),
    disabled: z.boolean().describe('`true`: the user may do nothing at the moment.'),
    visibility: visibility.describe('Whoever this admits may pull, whatever the role.'),
  }),
  problems: ['notFound'],
  versioned: false,
})
