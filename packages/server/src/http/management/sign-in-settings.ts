import { listSignInSettings, testSignIn } from '@berth/api/sign-in-settings.ts'
import type { Exchange } from '../exchange.ts'
import { type Binding, bind } from './call.ts'
import type { ManagementDoor } from './door.ts'
import { callbackOf } from './oidc.ts'

/** Providers and directories, for those who look after them. */
export const signInSettingsRoutes: readonly Binding[] = [
  bind(
    listSignInSettings,
    { on: 'instance', action: 'readSystem' },
    async (door, { exchange }) => ({
      body: { items: door.signInSettings.list(redirectOf(door, exchange)) },
    }),
  ),
  bind(
    testSignIn,
    { on: 'instance', action: 'manageSystem' },
    async (door, { params, body, exchange }) => ({
      body: await door.signInSettings.test(
        params.provider,
        body.userName,
        redirectOf(door, exchange),
      ),
    }),
  ),
]

function redirectOf(door: ManagementDoor, exchange: Exchange): (provider: string) => string {
  return (provider) => callbackOf(door, exchange, provider).callbackUrl
}
