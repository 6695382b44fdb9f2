import * as z from 'zod'
import { groupName } from './groups.ts'
import { projectRole } from './members.ts'
import { defineRoute } from './route.ts'
import { instanceRole } from './users.ts'

const nothing = z.strictObject({})

export const readOwnMemberships = defineRoute({
  id: 'readOwnMemberships',
  method: 'GET',
  path: '/account/memberships',
  topic: 'Account',
  summary: 'Read the own groups, and the roles in projects',
  params: nothing,
  query: nothing,
  body: undefined,
  status: 200,
  answer: z.strictObject({
    groups: z
      .array(z.strictObject({ name: groupName, role: instanceRole, source: z.string() }))
      .describe('By name, with the role that each gives on the whole instance.'),
    projects: z
      .array(
        z.strictObject({
          project: z.string().describe('An empty text is the instance.'),
          role: projectRole.describe('Holds in projects below, too.'),
          group: groupName.nullable().describe('Who is a member there; `null`: you yourself.'),
        }),
      )
      .describe('By name of the project.'),
    isTruncated: z.boolean().describe('Whether there are more than 1000 of either.'),
  }),
  problems: ['notFound'],
  versioned: false,
})
