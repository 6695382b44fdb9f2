import { listProjects } from '@berth/api/projects.ts'
import { listRepositories } from '@berth/api/repositories.ts'
import { Alert, Group, SimpleGrid, Stack, Text } from '@mantine/core'
import { registryHost } from '../../api/address.ts'
import { askAhead, useApi } from '../../api/queries.ts'
import { currentSession } from '../../api/session-state.ts'
import { may, useMay, useSession } from '../../api/session.ts'
import { homeText as text } from '../../text/home.ts'
import { ButtonLink } from '../../ui/link.tsx'
import { Page } from '../../ui/page.tsx'
import { FirstPush } from './first-push.tsx'
import { askForOperation, Operation } from './operation.tsx'
import { ProjectList } from './project-list.tsx'
import { RecentRepositories } from './recent-repositories.tsx'
import { askForSecurity, Security } from './security.tsx'

const shown = 8
const newest = { query: { sort: 'pushedAt', limit: shown } } as const
const mine = { query: { limit: shown } }

/** @public `lazyPage` calls it. */
export function ask(): void {
  askAhead(listRepositories, newest)
  if (currentSession()) askAhead(listProjects, mine)
  if (!may('readSystem')) return
  askForOperation()
  askForSecurity()
}

/** What whoever looks most likely came for: their images, and how it stands for those who look after it. */
export default function Home() {
  const session = useSession()
  const seesSystem = useMay('readSystem')
  const repositories = useApi(listRepositories, newest)
  const projects = useApi(listProjects, mine)
  const mayCreateProject = useMay('createProject')
  const isEmpty = repositories.data?.body.items.length === 0 && repositories.data.body.next === null
  const project = projects.data?.body.items[0]?.name ?? (mayCreateProject ? 'acme' : undefined)
  const isFirst = isEmpty && session !== undefined && project !== undefined
  return (
    <Page title={text.title} lead={<bdi>{text.lead(registryHost)}</bdi>}>
      {!session && (
        <Alert>
          <Group justify="space-between">
            <Text size="sm">{text.anonymous}</Text>
            <ButtonLink to="/sign-in" search={{ returnTo: '/' }} size="xs">
              {text.signIn}
            </ButtonLink>
          </Group>
        </Alert>
      )}
      <Stack gap="xl">
        {isFirst && <FirstPush userName={session.actor.name} project={project} />}
        {seesSystem && <Operation />}
        {seesSystem && !isEmpty && <Security />}
        <SimpleGrid cols={{ base: 1, lg: session ? 2 : 1 }} spacing="xl" verticalSpacing="xl">
          {!isFirst && <RecentRepositories repositories={repositories} />}
          {session && <ProjectList projects={projects} />}
        </SimpleGrid>
      </Stack>
    </Page>
  )
}
