import {
  beginSecondFactor,
  confirmSecondFactor,
  disableSecondFactor,
  readSecondFactor,
  readUserSecondFactor,
  renewRecoveryCodes,
  resetSecondFactor,
} from '@berth/api/second-factor.ts'
import { type Binding, bind } from './call.ts'

const person = { on: 'person' } as const

/** The authenticator app of the one who asks, and for administrators those of others. */
export const secondFactorRoutes: readonly Binding[] = [
  bind(readSecondFactor, person, async ({ secondFactor }, { caller }) => {
    const { active, since, recoveryCodesLeft } = await secondFactor.state(caller.actor.id)
    return { body: { active, since: since ?? null, recoveryCodesLeft } }
  }),
  bind(beginSecondFactor, person, async ({ secondFactor }, { caller, context }) => ({
    body: await secondFactor.begin(context, caller.actor.id),
  })),
  bind(confirmSecondFactor, person, async ({ secondFactor }, { body, caller, context }) => {
    const { sessionId, actor } = caller
    const proof = { code: body.code, sessionId }
    return { body: { recoveryCodes: await secondFactor.confirm(context, actor.id, proof) } }
  }),
  bind(disableSecondFactor, person, async ({ secondFactor }, { body, caller, context }) => {
    await secondFactor.disable(context, caller.actor.id, body)
    return { body: undefined }
  }),
  bind(renewRecoveryCodes, person, async ({ secondFactor }, { body, caller, context }) => {
    const recoveryCodes = await secondFactor.renewRecoveryCodes(context, caller.actor.id, body)
    return { body: { recoveryCodes } }
  }),
  bind(
    readUserSecondFactor,
    { on: 'instance', action: 'readUsers' },
    async ({ secondFactor }, { params }) => {
      const { active, since } = await secondFactor.stateOf(params.user)
      return { body: { active, since: since ?? null } }
    },
  ),
  bind(
    resetSecondFactor,
    { on: 'instance', action: 'manageUsers' },
    async ({ secondFactor }, { params, context }) => {
      await secondFactor.reset(context, params.user)
      return { body: undefined }
    },
  ),
]
