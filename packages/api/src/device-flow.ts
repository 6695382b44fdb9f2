import * as z from 'zod'
import { defineRoute } from './route.ts'

const none = z.strictObject({})

const userCode = z
  .string()
  .min(1)
  .max(32)
  .describe('The code that the device shows, in any case, with or without the hyphen.')

export const startDeviceSignIn = defineRoute({
  id: 'startDeviceSignIn',
  method: 'POST',
  path: '/auth/device',
  topic: 'Device sign-in',
  summary: 'Ask for a device to be signed in',
  description:
    'For command lines without a browser, as RFC 8628 describes it. The program shows `userCode` and `verificationUri`, and asks `/auth/device/token` every `interval` seconds until somebody has answered.',
  params: none,
  query: none,
  body: z.strictObject({
    clientName: z
      .string()
      .regex(/^[\u0020-\u007e]{1,64}$/)
      .describe('What the program calls itself, such as `berth on build-7`.'),
  }),
  status: 201,
  answer: z.strictObject({
    deviceCode: z.string().describe('The secret of the program.'),
    userCode: z.string().describe('What a person types: `WDJB-MJHT`.'),
    verificationUri: z.url().describe('Where they type it.'),
    verificationUriComplete: z.url().describe('The same with the code in it.'),
    expiresIn: z.int().describe('Seconds until both codes are worthless.'),
    interval: z.int().describe('Seconds to wait between two questions.'),
  }),
  problems: [],
  versioned: false,
  open: true,
  secret: true,
})

export const readDeviceSignIn = defineRoute({
  id: 'readDeviceSignIn',
  method: 'GET',
  path: '/auth/device/requests/{userCode}',
  topic: 'Device sign-in',
  summary: 'Read what a code stands for',
  description:
    'To be shown before somebody agrees. Ten wrong codes in ten minutes are listened to.',
  params: z.strictObject({ userCode }),
  query: none,
  body: undefined,
  status: 200,
  answer: z.strictObject({
    clientName: z.string().describe('What the program calls itself. Nobody has checked it.'),
    address: z.string().describe('Where its request came from.'),
    expiresAt: z.iso.datetime(),
  }),
  problems: ['notFound'],
  versioned: false,
})

export const answerDeviceSignIn = defineRoute({
  id: 'answerDeviceSignIn',
  method: 'POST',
  path: '/auth/device/approve',
  topic: 'Device sign-in',
  summary: 'Grant or deny a device to be signed in as you',
  description:
    'The device gets an API key that is good for 90 days and may do all that you may. It takes a session or a password, and ten wrong codes in ten minutes are listened to.',
  params: none,
  query: none,
  body: z.strictObject({ userCode, approve: z.boolean().describe('`false` denies it.') }),
  status: 204,
  answer: undefined,
  problems: ['notFound'],
  versioned: false,
})

export const redeemDeviceCode = defineRoute({
  id: 'redeemDeviceCode',
  method: 'POST',
  path: '/auth/device/token',
  topic: 'Device sign-in',
  summary: 'Ask whether the device was granted its key',
  description:
    'Until then the answer is `requestInvalid`, and `errors[0].rule` tells which, by the names of RFC 8628: `authorization_pending`; `slow_down`, from when on the interval is five seconds longer; `access_denied`; `expired_token`; or `invalid_grant` for a code that is unknown or used up.',
  params: none,
  query: none,
  body: z.strictObject({ deviceCode: z.string().min(1).max(256) }),
  status: 200,
  answer: z.strictObject({
    accessToken: z.string().describe('An API key: the password for `docker login`. Shown once.'),
    userName: z.string().describe('The user name that goes with it.'),
    expiresAt: z.iso.datetime(),
  }),
  problems: ['conflict'],
  versioned: false,
  open: true,
  secret: true,
})
