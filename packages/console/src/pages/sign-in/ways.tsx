import { listSignInProviders } from '@berth/api/oidc.ts'
import { Alert, Button, Divider, Stack, Text } from '@mantine/core'
import { IconLogin2 } from '@tabler/icons-react'
import { apiAddress } from '../../api/client.ts'
import { useApi } from '../../api/queries.ts'
import { signInText as text } from '../../text/sign-in.ts'
import { uiText } from '../../text/ui.ts'
import { Skeleton } from '../../ui/skeleton.tsx'

/** The providers of single sign-on, and what else there is besides a password of Berth itself. */
export function Ways({ returnTo }: { returnTo: string }) {
  const providers = useApi(listSignInProviders, {})
  if (providers.isPending) return <Skeleton height={36} />
  if (providers.isError) {
    return (
      <Alert color="yellow">
        <Stack gap="xs" align="start">
          <Text size="sm">{text.waysMissing}</Text>
          <Button size="xs" variant="default" onClick={() => void providers.refetch()}>
            {uiText.tryAgain}
          </Button>
        </Stack>
      </Alert>
    )
  }
  const { ways, items } = providers.data.body
  return (
    <Stack gap="sm">
      {ways.includes('directory') && (
        <Text size="sm" className="berth-quiet">
          {text.directory}
        </Text>
      )}
      {items.length > 0 && <Divider label={text.or} labelPosition="center" c="inherit" />}
      {items.map(({ id, name }) => (
        <Button
          key={id}
          component="a"
          href={apiAddress(
            `/auth/oidc/${encodeURIComponent(id)}/start?returnTo=${encodeURIComponent(returnTo)}`,
          )}
          variant="default"
          leftSection={<IconLogin2 size={17} aria-hidden />}
        >
          {text.withProvider(name)}
        </Button>
      ))}
    </Stack>
  )
}
