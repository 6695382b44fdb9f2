/** What the settings of every outside directory say about its groups. */
import * as z from 'zod'

const groupName = z.string().min(1).max(1024)

export const requiredGroups = z
  .array(groupName.meta({ accepted: 'names of groups there' }))
  .max(1000)
  .default([])
  .describe('Only members of one of these groups may sign in. Without any, everybody may.')

export const roleMappings = z
  .array(
    z.strictObject({
      group: groupName,
      role: z.enum(['admin', 'auditor', 'maintainer', 'developer', 'reader', 'none']),
    }),
  )
  .max(1000)
  .default([])
  .meta({
    description:
      'Roles on the whole instance by group. The first entry whose group a user is in decides, and who is in none of them has the role `none`. Without entries the role is set in Berth.',
    accepted: 'a list of `{ group: …, role: … }`',
  })
