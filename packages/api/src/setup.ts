import * as z from 'zod'
import { defineRoute } from './route.ts'
import { signedIn } from './session.ts'
import { userName } from './users.ts'

const none = z.strictObject({})

export const readSetup = defineRoute({
  id: 'readSetup',
  method: 'GET',
  path: '/setup',
  topic: 'Set-up',
  summary: 'Whether this Berth waits for its first administrator',
  params: none,
  query: none,
  body: undefined,
  status: 200,
  answer: z.strictObject({
    isNeeded: z
      .boolean()
      .describe(
        'The first administrator has not signed in yet, and a code that was printed at a start is still good.',
      ),
  }),
  problems: [],
  versioned: false,
  open: true,
})

export const finishSetup = defineRoute({
  id: 'finishSetup',
  method: 'POST',
  path: '/setup',
  topic: 'Set-up',
  summary: 'Take over a new Berth as its first administrator',
  description:
    'Sets the password of the first administrator, and the name if one is given, and signs in as `signIn` does. The code stands in the link that the server prints at its start; it is good once, for 24 hours, until the administrator signs in otherwise. Whatever is wrong with a code, it is refused with reason `setupCodeWrong`. Wrong codes are counted as wrong passwords are.',
  params: none,
  query: none,
  body: z.strictObject({
    code: z.string().min(1).max(128).describe('From the link, after `#code=`.'),
    name: userName
      .optional()
      .describe('What the administrator is called from now on. Without it the name stays.'),
    password: z
      .string()
      .min(1)
      .max(256)
      .describe('12 characters to 256 bytes, and none of those that everybody tries first.'),
  }),
  status: 201,
  answer: signedIn,
  problems: ['alreadyExists'],
  versioned: false,
  open: true,
  secret: true,
})
