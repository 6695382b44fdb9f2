import { Alert, Stack } from '@mantine/core'
import { repositoryText } from '../../text/repositories.ts'
import { DeleteRepository } from './delete-repository.tsx'
import { DescriptionForm } from './description-form.tsx'
import { EffectivePolicy } from './effective-policy.tsx'
import { ImmutableTags } from './immutable-tags.tsx'
import { useRepository } from './repository-context.ts'
import { RepositoryUsage } from './repository-usage.tsx'

/** What can be set on a repository, what holds in it, and its end. */
export default function RepositorySettings() {
  const { may } = useRepository()
  const mayChange = may('delete')
  return (
    <Stack gap="xl">
      {mayChange ? (
        <>
          <DescriptionForm />
          <RepositoryUsage />
        </>
      ) : (
        <Alert color="gray">{repositoryText.settings.readOnly}</Alert>
      )}
      <ImmutableTags />
      <EffectivePolicy />
      {mayChange && <DeleteRepository />}
    </Stack>
  )
}
