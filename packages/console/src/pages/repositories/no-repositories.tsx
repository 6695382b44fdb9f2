import { Stack } from '@mantine/core'
import { registryHost } from '../../api/address.ts'
import { useSession } from '../../api/session.ts'
import { repositoryText as text } from '../../text/repositories.ts'
import { CommandLine } from '../../ui/copy.tsx'
import { Empty } from '../../ui/states.tsx'

/** What a registry is for that nobody has pushed to, and the first steps. */
export function NoRepositories() {
  const session = useSession()
  if (!session) return <Empty title={text.emptyTitle}>{text.emptyForAll}</Empty>
  return (
    <Empty title={text.emptyTitle} action={<PushLines repository="library/app" tag="1.0.0" />}>
      {text.emptyLead}
    </Empty>
  )
}

/** The lines that bring the first image into a repository. */
export function PushLines({ repository, tag }: { repository: string; tag: string }) {
  const target = `${registryHost}/${repository}:${tag}`
  return (
    <Stack gap="xs" w="100%" ta="start">
      <CommandLine label={text.loginLine} command={`docker login ${registryHost}`} />
      <CommandLine label={text.tagLine} command={`docker tag app:${tag} ${target}`} />
      <CommandLine label={text.pushLine} command={`docker push ${target}`} />
    </Stack>
  )
}
