/** What of the section `access` concerns people who sign in with a password. */
import * as z from 'zod'
import { path } from './setting.ts'

const sessions = z
  .strictObject({
    idleMinutes: z
      .int()
      .min(5)
      .max(43_200)
      .default(60)
      .describe('A session in a browser ends when it is not used for so long.'),
    absoluteHours: z
      .int()
      .min(1)
      .max(8760)
      .default(12)
      .describe('It ends after so long in any case.'),
  })
  .prefault({})
  .describe('Sessions of people who are signed in in a browser.')

export const signInFields = {
  htpasswdFile: path(
    'An htpasswd file (bcrypt: `htpasswd -B`) whose users may sign in. It is watched: users come, change and are disabled with its lines.',
  ).optional(),
  htpasswdRole: z
    .enum(['admin', 'auditor', 'maintainer', 'developer', 'reader', 'none'])
    .default('reader')
    .describe(
      'The role of a user who comes from that file. It can be changed for each afterwards.',
    ),
  sessions,
}
