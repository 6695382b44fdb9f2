import { readSetup } from '@berth/api/setup.ts'
import { Alert, Button, Stack, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { pathPrefix, registryHost } from '../../api/address.ts'
import { useApi } from '../../api/queries.ts'
import { endSession, useSession } from '../../api/session.ts'
import { signInText as text } from '../../text/sign-in.ts'
import { CredentialsForm } from '../../ui/credentials-form.tsx'
import { useFilters } from '../../ui/filters.ts'
import { visible } from '../../ui/foreign-text.tsx'
import { ButtonLink, PageLink } from '../../ui/link.tsx'
import { notifyFault } from '../../ui/notify.ts'
import { Frame } from './frame.tsx'
import { ProviderFault } from './provider-fault.tsx'
import { ownPath } from './return-path.ts'
import { Ways } from './ways.tsx'

export default function SignIn() {
  const [{ returnTo, fault, provider = '', done }] = useFilters()
  const session = useSession()
  const setUp = useApi(readSetup, {})
  const goOn = useGoOn(ownPath(returnTo))
  if (session && done !== undefined) {
    return (
      <Frame title={text.doneTitle} lead={session.actor.name}>
        <Text>{text.done}</Text>
      </Frame>
    )
  }
  return (
    <Frame title={text.title} lead={text.lead(registryHost)}>
      {fault !== undefined && <ProviderFault reason={fault} provider={provider} />}
      {setUp.data?.body.isNeeded === true && (
        <Alert title={text.setUpNeededTitle}>
          <Stack gap="xs" align="start">
            <Text size="sm">{text.setUpNeeded}</Text>
            <ButtonLink to="/setup" size="xs">
              {text.setUp}
            </ButtonLink>
          </Stack>
        </Alert>
      )}
      {session ? (
        <SignedInAlready name={session.actor.name} onGoOn={goOn} />
      ) : (
        <>
          <CredentialsForm onDone={goOn} />
          <Ways returnTo={ownPath(returnTo)} />
          <PageLink to="/repositories" isSmall>
            {text.openWithout}
          </PageLink>
        </>
      )}
    </Frame>
  )
}

/** Leads to where the visitor wanted to go, with nothing left of what they saw before. */
function useGoOn(path: string): () => void {
  const router = useRouter()
  const client = useQueryClient()
  return () => {
    client.clear()
    // As it stands: names in it hold slashes that are written %2F.
    router.history.replace(`${pathPrefix}${path}`)
  }
}

function SignedInAlready({ name, onGoOn }: { name: string; onGoOn: () => void }) {
  const client = useQueryClient()
  const signOut = async () => {
    try {
      await endSession()
      client.clear()
    } catch (error) {
      notifyFault(error)
    }
  }
  return (
    <Stack>
      <Text>
        <bdi>{visible(text.alreadyTitle(name))}</bdi>
      </Text>
      <Button onClick={onGoOn}>{text.goOn}</Button>
      <Button variant="default" onClick={() => void signOut()}>
        {text.asAnother}
      </Button>
    </Stack>
  )
}
