import {
  answerDeviceSignIn,
  readDeviceSignIn,
  redeemDeviceCode,
  startDeviceSignIn,
} from '@berth/api/device-flow.ts'
import type { DeviceError } from '../../access/device-flow.ts'
import { BerthError } from '../../errors.ts'
import { type Binding, bind } from './call.ts'

const open = { on: 'anyone' } as const
const person = { on: 'person' } as const

/** Where the console asks for the code. */
const verificationPath = '/device'

/** Signing in a command line that has no browser. */
export const deviceFlowRoutes: readonly Binding[] = [
  bind(startDeviceSignIn, open, async (door, { body, caller, exchange }) => {
    const { request } = exchange
    const { protocol, host, prefix } = door.forwarding.externalOrigin(
      request.headers,
      request.socket,
    )
    const { clientName } = body
    const started = await door.deviceFlow.start({ clientName, address: caller.address })
    const verificationUri = `${protocol}://${host}${prefix}${verificationPath}`
    const verificationUriComplete = `${verificationUri}?code=${started.userCode}`
    return { body: { ...started, verificationUri, verificationUriComplete } }
  }),
  bind(readDeviceSignIn, person, async ({ deviceFlow }, { params, caller }) => ({
    body: await deviceFlow.inspect(caller.actor.id, params.userCode),
  })),
  bind(answerDeviceSignIn, person, async ({ deviceFlow }, { body, context }) => {
    await deviceFlow.settle(context, body)
    return { body: undefined }
  }),
  bind(redeemDeviceCode, open, async ({ deviceFlow }, { body, caller, context }) => {
    const { address } = caller
    const from = { address, requestId: context.requestId }
    const answer = await deviceFlow.redeem(body.deviceCode, from)
    if ('error' in answer) throw notGranted(answer.error)
    const { secret, userName, expiresAt } = answer.grant
    return { body: { accessToken: secret, userName, expiresAt } }
  }),
]

const texts: Readonly<Record<DeviceError, string>> = {
  authorization_pending: 'Nobody has answered yet. Ask again after the interval.',
  slow_down: 'Asked too early: from now on wait five seconds longer.',
  access_denied: 'The request was denied.',
  expired_token: 'Nobody has answered in time. Begin again.',
  invalid_grant: 'The code is unknown, or was used already. Begin again.',
}

function notGranted(error: DeviceError): BerthError {
  return new BerthError('requestInvalid', texts[error], {
    details: [{ field: 'deviceCode', rule: error, message: texts[error] }],
  })
}
