import { Stack, Text } from '@mantine/core'
import { SigningKeys } from '../../resources/signing-keys.tsx'
import { TrustedIdentities } from '../../resources/trust.tsx'
import { trustText as text } from '../../text/trust.ts'
import { useProject } from './project-context.ts'

export default function ProjectTrust() {
  const { project, may } = useProject()
  const mayManage = may('manageSigners')
  return (
    <Stack gap="xl">
      <Text size="sm" className="berth-quiet">
        {text.lead}
      </Text>
      <TrustedIdentities project={project.name} mayManage={mayManage} />
      <SigningKeys project={project.name} mayManage={mayManage} />
    </Stack>
  )
}
