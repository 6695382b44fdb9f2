import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { redeemDeviceCode, startDeviceSignIn } from '@berth/api/device-flow.ts'
import type { Problem } from '@berth/api/problem.ts'
import type { Route } from '@berth/api/route.ts'
import { ClientError } from '@berth/client/client-error.ts'
import type { Credentials } from '@berth/client/credentials/credentials.ts'
import type { KindContext } from '@berth/client/kinds/kind.ts'
import { readBody } from '@berth/client/transport/transport.ts'
import * as z from 'zod'

export type DeviceSignIn = { readonly credentials: Credentials; readonly expiresAt: Date }

type Code = z.output<typeof startDeviceSignIn.answer>
type Key = z.output<typeof redeemDeviceCode.answer>

const answerMax = 64 * 1024
/** What the server may ask for, within reason. */
const intervalMaxSeconds = 60
const lifeMaxSeconds = 3600

/**
 * Signs in to a Berth without a password (RFC 8628): somebody who is signed in elsewhere grants it under the address
 * and with the code that `show` is called with. Gives an API key of that person. Throws `denied` when they say no,
 * `unauthenticated` when nobody answers in time, `cancelled`.
 */
export async function signInByDevice(
  context: KindContext & { readonly origin: string },
  show: (code: { address: string; addressWithCode: string; code: string; seconds: number }) => void,
): Promise<DeviceSignIn> {
  const clientName = `berth on ${hostname()}`.replaceAll(/[^ -~]/g, '?').slice(0, 64)
  const started = await call(context, startDeviceSignIn, { clientName })
  if ('rule' in started) throw unexpected(context, started.detail)
  const code = checked(context, startDeviceSignIn.answer, started.body)
  const seconds = Math.min(code.expiresIn, lifeMaxSeconds)
  show({
    address: code.verificationUri,
    addressWithCode: code.verificationUriComplete,
    code: code.userCode,
    seconds,
  })
  const { accessToken, userName, expiresAt } = await waitForKey(context, code, seconds)
  return {
    credentials: { kind: 'password', username: userName, password: accessToken },
    expiresAt: new Date(expiresAt),
  }
}

async function waitForKey(context: KindContext, code: Code, seconds: number): Promise<Key> {
  const deadline = Date.now() + seconds * 1000
  let interval = code.interval
  while (Date.now() < deadline) {
    await pause(Math.min(interval, intervalMaxSeconds) * 1000, context.signal)
    const asked = await call(context, redeemDeviceCode, { deviceCode: code.deviceCode })
    if ('body' in asked) return checked(context, redeemDeviceCode.answer, asked.body)
    if (asked.rule === 'slow_down') interval += 5
    else if (asked.rule === 'access_denied') {
      throw new ClientError('denied', 'Whoever was asked has denied the login.')
    } else if (asked.rule === 'expired_token') break
    else if (asked.rule !== 'authorization_pending') throw unexpected(context, asked.detail)
  }
  throw new ClientError('unauthenticated', 'Nobody has granted the login in time.', {
    next: 'Run the command again, and enter the new code.',
  })
}

/** The answer, or the rule that the request broke, by which RFC 8628 tells how things stand. */
async function call(
  { transport, signal, origin, registry }: KindContext,
  route: Route,
  body: unknown,
): Promise<{ body: unknown } | { rule: string | undefined; detail: string }> {
  const answer = await transport.send({
    method: 'POST',
    url: new URL(`/api/v1${route.path}`, origin),
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify(body),
    signal,
  })
  const text = (await readBody(answer, answerMax)).toString()
  const json = parse(text)
  if (answer.status === route.status) return { body: json }
  const { errors, detail } = (json ?? {}) as Partial<Problem>
  if (typeof detail === 'string') return { rule: errors?.[0]?.rule, detail: detail.slice(0, 400) }
  throw new ClientError(
    'unsupported',
    `${registry} does not know this way of signing in: status ${answer.status}.`,
    { status: answer.status, next: 'Log in with --method password.' },
  )
}

/** A newer server may say more than is known here. */
function checked<T extends z.ZodObject>(
  { registry }: KindContext,
  answer: T,
  body: unknown,
): z.output<T> {
  const read = z.looseObject(answer.shape).safeParse(body)
  if (read.success) return read.data as z.output<T>
  throw new ClientError('serverFault', `${registry} answered something that was not expected.`)
}

function unexpected({ registry }: KindContext, detail: string): ClientError {
  return new ClientError('unauthenticated', `${registry} refuses the login: ${detail}`)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, { ...(signal !== undefined && { signal }) })
  } catch (cause) {
    throw new ClientError('cancelled', 'It was stopped. Nothing was stored.', { cause })
  }
}
