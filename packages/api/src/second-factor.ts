import * as z from 'zod'
import { defineRoute } from './route.ts'
import { userName } from './users.ts'

const none = z.strictObject({})

const code = z
  .string()
  .regex(/^\d{6}$/)
  .describe('The six digits that the app shows.')

const proof = z.strictObject({
  password: z.string().min(1).max(256),
  code: z.string().min(6).max(64).describe('Six digits of the app, or a recovery code.'),
})

const recoveryCodes = z.strictObject({
  recoveryCodes: z
    .array(z.string())
    .describe('Each is good once in the place of a code. Shown this once.'),
})

export const readSecondFactor = defineRoute({
  id: 'readSecondFactor',
  method: 'GET',
  path: '/second-factor',
  topic: 'Second factor',
  summary: 'Whether you have a second factor',
  params: none,
  query: none,
  body: undefined,
  status: 200,
  answer: z.strictObject({
    active: z.boolean(),
    since: z.iso.datetime().nullable(),
    recoveryCodesLeft: z.int().min(0),
  }),
  problems: [],
  versioned: false,
})

export const beginSecondFactor = defineRoute({
  id: 'beginSecondFactor',
  method: 'POST',
  path: '/second-factor',
  topic: 'Second factor',
  summary: 'Make a secret for an authenticator app',
  description: 'It counts for nothing until it is confirmed with a code, within 15 minutes.',
  params: none,
  query: none,
  body: undefined,
  status: 201,
  answer: z.strictObject({
    secret: z.string().describe('In base32, to be typed into an app.'),
    uri: z.string().describe('`otpauth://…`, to be shown as a QR code.'),
  }),
  problems: ['conflict'],
  versioned: false,
  secret: true,
})

export const confirmSecondFactor = defineRoute({
  id: 'confirmSecondFactor',
  method: 'POST',
  path: '/second-factor/confirm',
  topic: 'Second factor',
  summary: 'Make the second factor active with a code of the app',
  description:
    'Your other sessions and stored logins end: they were made with the password alone. From now on docker and other clients need an API key.',
  params: none,
  query: none,
  body: z.strictObject({ code }),
  status: 201,
  answer: recoveryCodes,
  problems: ['conflict'],
  versioned: false,
  secret: true,
})

export const disableSecondFactor = defineRoute({
  id: 'disableSecondFactor',
  method: 'POST',
  path: '/second-factor/disable',
  topic: 'Second factor',
  summary: 'Go back to the password alone',
  params: none,
  query: none,
  body: proof,
  status: 204,
  answer: undefined,
  problems: ['conflict'],
  versioned: false,
})

export const renewRecoveryCodes = defineRoute({
  id: 'renewRecoveryCodes',
  method: 'POST',
  path: '/second-factor/recovery-codes',
  topic: 'Second factor',
  summary: 'Make new recovery codes; those of before are void',
  params: none,
  query: none,
  body: proof,
  status: 201,
  answer: recoveryCodes,
  problems: ['conflict'],
  versioned: false,
  secret: true,
})

export const readUserSecondFactor = defineRoute({
  id: 'readUserSecondFactor',
  method: 'GET',
  path: '/users/{user}/second-factor',
  topic: 'Second factor',
  summary: 'Whether a user has a second factor',
  params: z.strictObject({ user: userName }),
  query: none,
  body: undefined,
  status: 200,
  answer: z.strictObject({ active: z.boolean(), since: z.iso.datetime().nullable() }),
  problems: ['notFound'],
  versioned: false,
})

export const resetSecondFactor = defineRoute({
  id: 'resetSecondFactor',
  method: 'DELETE',
  path: '/users/{user}/second-factor',
  topic: 'Second factor',
  summary: 'Take the second factor from a user who has lost it',
  params: z.strictObject({ user: userName }),
  query: none,
  body: undefined,
  status: 204,
  answer: undefined,
  problems: ['notFound', 'conflict'],
  versioned: false,
})
