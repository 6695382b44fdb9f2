import { readProject } from '@berth/api/projects.ts'
import { readRepository } from '@berth/api/repositories.ts'
import { Group, Stack } from '@mantine/core'
import { Outlet, useLocation, useParams } from '@tanstack/react-router'
import { useApi } from '../../api/queries.ts'
import { registryHost } from '../../api/address.ts'
import { repositoryText as text } from '../../text/repositories.ts'
import { Badge } from '../../ui/badge.tsx'
import { Copy } from '../../ui/copy.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Page } from '../../ui/page.tsx'
import { RouteTabs } from '../../ui/route-tabs.tsx'
import { Skeleton } from '../../ui/skeleton.tsx'
import { Lines, Show } from '../../ui/states.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatBytes, formatCapped, formatCount } from '../../ui/units.ts'
import { type Repository, RepositoryProvider } from './repository-context.ts'

/** What stands above every page of one repository: where it lies, what it is, and its parts. */
export default function RepositoryLayout() {
  const { repository: name = '' } = useParams({ strict: false })
  const read = useApi(readRepository, { params: { repository: name } })
  const part = useLocation({ select: ({ pathname }) => pathname.split('/').at(-1) ?? '' })
  const tab = part in text.tabs ? `${text.tabs[part as keyof typeof text.tabs]} · ` : ''
  const repository = read.data?.body
  return (
    <Page
      title={name}
      documentTitle={`${tab}${name}`}
      above={<Above repository={repository} />}
      details={repository && <Details repository={repository} />}
    >
      <Show of={read} skeleton={<LayoutSkeleton />}>
        {({ body }) => (
          <RepositoryProvider value={body} key={body.name}>
            <Tabs repository={body} />
            <Outlet />
          </RepositoryProvider>
        )}
      </Show>
    </Page>
  )
}

function Above({ repository }: { repository: Repository | undefined }) {
  return (
    <>
      <PageLink to="/repositories">{text.title}</PageLink>
      {repository && repository.project !== '' && <ProjectTrail project={repository.project} />}
    </>
  )
}

/** Links to the project and to all above it, the outermost first. What one may not read is only named. */
function ProjectTrail({ project }: { project: string }) {
  const { data, error } = useApi(readProject, { params: { project } })
  const parent = data?.body.parent ?? ''
  return (
    <>
      {parent !== '' && <ProjectTrail project={parent} />}
      {' / '}
      {error ? (
        project
      ) : (
        <PageLink to="/projects/$project" params={{ project }}>
          {project}
        </PageLink>
      )}
    </>
  )
}

function Details({ repository }: { repository: Repository }) {
  const { name, description, project, tags, size, pushedAt, pulls } = repository
  const address = `${registryHost}/${name}`
  return (
    <Stack gap={6} mt={4} className="berth-quiet">
      {description !== '' && (
        <div>
          <ForeignText text={description} />
        </div>
      )}
      <Group gap="4px 16px" fz="sm">
        {project !== '' && <Visibility project={project} />}
        <Group gap={2} wrap="nowrap" miw={0}>
          <span className="berth-mono" style={{ overflowWrap: 'anywhere' }}>
            {address}
          </span>
          <Copy text={address} what={address} />
        </Group>
        <span>{text.tagCount(formatCapped(tags))}</span>
        <span>{formatBytes(size)}</span>
        <span>{text.pullCount(formatCount(pulls))}</span>
        <span>
          {pushedAt === null ? (
            text.neverPushed
          ) : (
            <>
              {text.pushedAgo} <Ago at={pushedAt} />
            </>
          )}
        </span>
      </Group>
    </Stack>
  )
}

function Visibility({ project }: { project: string }) {
  const { data } = useApi(readProject, { params: { project } })
  const visibility = data?.body.settings.visibility.effective
  if (!visibility) return null
  return <Badge color="plain">{text.visibility[visibility]}</Badge>
}

function Tabs({ repository: { name: repository, allowed } }: { repository: Repository }) {
  const params = { repository }
  const tabs = [
    {
      label: text.tabs.tags,
      link: { to: '/repositories/$repository', params } as const,
      isExact: true,
    },
    {
      label: text.tabs.about,
      link: { to: '/repositories/$repository/about', params } as const,
    },
    {
      label: text.tabs.manifests,
      link: { to: '/repositories/$repository/manifests', params } as const,
    },
    {
      label: text.tabs.compare,
      link: { to: '/repositories/$repository/compare', params } as const,
    },
    ...(allowed.includes('delete')
      ? [
          {
            label: text.tabs.settings,
            link: { to: '/repositories/$repository/settings', params } as const,
          },
        ]
      : []),
  ]
  return <RouteTabs label={text.tabsLabel} tabs={tabs} />
}

function LayoutSkeleton() {
  return (
    <Stack gap="md">
      <Skeleton height={36} />
      <Lines count={8} />
    </Stack>
  )
}
