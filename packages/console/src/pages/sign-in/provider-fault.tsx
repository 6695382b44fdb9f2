import { listSignInProviders } from '@berth/api/oidc.ts'
import { Alert } from '@mantine/core'
import { useApi } from '../../api/queries.ts'
import { signInText } from '../../text/sign-in.ts'

const text = signInText.sso
const reasons: Readonly<Record<string, string>> = {
  signInExpired: text.signInExpired,
  identityRefused: text.identityRefused,
  unavailable: text.unavailable,
  denied: text.denied,
}

/** Why a browser came back from a provider without being signed in. The address tells a reason, never a text to show. */
export function ProviderFault({ reason, provider }: { reason: string; provider: string }) {
  const providers = useApi(listSignInProviders, {})
  const name = providers.data?.body.items.find(({ id }) => id === provider)?.name ?? text.provider
  return (
    <Alert color="red" role="alert" title={text.title(name)}>
      {Object.hasOwn(reasons, reason) ? reasons[reason] : text.other}
    </Alert>
  )
}
