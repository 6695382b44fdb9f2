import { readProject } from '@berth/api/projects.ts'
import { Group, Stack } from '@mantine/core'
import { Outlet, useLocation, useParams } from '@tanstack/react-router'
import { useApi } from '../../api/queries.ts'
import { useSession } from '../../api/session.ts'
import { projectText as text } from '../../text/projects.ts'
import { Badge } from '../../ui/badge.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Page } from '../../ui/page.tsx'
import { type RouteTab, RouteTabs } from '../../ui/route-tabs.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'
import { Lines, Show } from '../../ui/states.tsx'
import { type Project, ProjectProvider } from './project-context.ts'

/** What stands above every page of one project: where it lies, what it is for, and its parts. */
export default function ProjectLayout() {
  const { project: name = '' } = useParams({ strict: false })
  const read = useApi(readProject, { params: { project: name } })
  const part = useLocation({ select: ({ pathname }) => pathname.split('/')[3] ?? '' })
  const tab = part in text.tabs ? `${text.tabs[part as keyof typeof text.tabs]} · ` : ''
  const project = read.data?.body
  return (
    <Page
      title={name}
      documentTitle={`${tab}${name}`}
      above={
        <>
          <PageLink to="/projects">{text.title}</PageLink>
          {project && project.parent !== '' && <Trail project={project.parent} />}
        </>
      }
      lead={project && <Lead project={project} />}
    >
      <Show of={read} skeleton={<LayoutSkeleton />}>
        {({ body }) => (
          <ProjectProvider value={body} key={body.name}>
            <Tabs project={body} />
            <Outlet />
          </ProjectProvider>
        )}
      </Show>
    </Page>
  )
}

/** Links to a project and to all above it, the outermost first. What one may not read is only named. */
function Trail({ project }: { project: string }) {
  const { data, error } = useApi(readProject, { params: { project } })
  const parent = data?.body.parent ?? ''
  return (
    <>
      {parent !== '' && <Trail project={parent} />}
      {' / '}
      {error ? (
        <bdi>{project}</bdi>
      ) : (
        <PageLink to="/projects/$project" params={{ project }}>
          <bdi>{project}</bdi>
        </PageLink>
      )}
    </>
  )
}

function Lead({ project: { description, settings } }: { project: Project }) {
  const visibility = settings.visibility.effective ?? 'private'
  return (
    <Group gap="xs" mt={4}>
      <Badge color="plain">{text.visibility[visibility]}</Badge>
      {description !== '' && <ForeignText text={description} />}
    </Group>
  )
}

function Tabs({ project: { name: project, allowed } }: { project: Project }) {
  const isSignedIn = useSession() !== undefined
  const params = { project }
  const may = (action: Project['allowed'][number]) => allowed.includes(action)
  const tabs: readonly (RouteTab & { isOffered: boolean })[] = [
    {
      label: text.tabs.repositories,
      link: { to: '/projects/$project', params },
      isExact: true,
      isOffered: true,
    },
    {
      label: text.tabs.members,
      link: { to: '/projects/$project/members', params },
      isOffered: may('readMembers'),
    },
    {
      label: text.tabs.robots,
      link: { to: '/projects/$project/robots', params },
      isOffered: may('readRobots'),
    },
    {
      label: text.tabs.workloads,
      link: { to: '/projects/$project/workloads', params },
      isOffered: may('readRobots'),
    },
    {
      label: text.tabs.policy,
      link: { to: '/projects/$project/policy', params },
      isOffered: isSignedIn,
    },
    {
      label: text.tabs.security,
      link: { to: '/projects/$project/security', params },
      isOffered: true,
    },
    {
      label: text.tabs.storage,
      link: { to: '/projects/$project/storage', params },
      isOffered: isSignedIn,
    },
    {
      label: text.tabs.immutability,
      link: { to: '/projects/$project/immutability', params },
      isOffered: isSignedIn,
    },
    {
      label: text.tabs.trust,
      link: { to: '/projects/$project/trust', params },
      isOffered: isSignedIn,
    },
    {
      label: text.tabs.audit,
      link: { to: '/projects/$project/audit', params },
      isOffered: may('readAudit'),
    },
    {
      label: text.tabs.settings,
      link: { to: '/projects/$project/settings', params },
      isOffered: may('updateProject') || may('deleteProject'),
    },
  ]
  return <RouteTabs label={text.tabsLabel} tabs={tabs.filter(({ isOffered }) => isOffered)} />
}

function LayoutSkeleton() {
  return (
    <Stack gap="md">
      <Skeleton height={36} />
      <Lines count={8} />
    </Stack>
  )
}
