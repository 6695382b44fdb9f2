import { finishSetup, readSetup } from '@berth/api/setup.ts'
import { type Binding, bind } from './call.ts'
import { isSecure, signedInAnswer } from './session.ts'

const open = { on: 'anyone' } as const

/** Taking over a new Berth as its first administrator. */
export const setupRoutes: readonly Binding[] = [
  bind(readSetup, open, async ({ setup }) => ({ body: { isNeeded: await setup.isNeeded() } })),
  bind(finishSetup, open, async (door, { body, caller, context, exchange }) =>
    signedInAnswer(
      await door.setup.finish({
        code: body.code,
        name: body.name,
        password: body.password,
        address: caller.address,
        userAgent: exchange.request.headers['user-agent'] ?? '',
        secure: isSecure(door, exchange),
        requestId: context.requestId,
      }),
    ),
  ),
]
