import type { ClientAnswer } from '@berth/api/client.ts'
import type { listProjects } from '@berth/api/projects.ts'
import { IconFolders } from '@tabler/icons-react'
import type { ItemOf } from '../../api/queries.ts'
import { homeText as text } from '../../text/home.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { visible } from '../../ui/foreign-text.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Section } from '../../ui/page.tsx'
import { SeverityCounts } from '../../ui/severity.tsx'
import { Empty } from '../../ui/states.tsx'
import { formatBytes, formatCount } from '../../ui/units.ts'
import type { Loaded } from './loaded.ts'

type Project = ItemOf<typeof listProjects>

const columns: readonly Column<Project>[] = [
  {
    id: 'name',
    title: text.project,
    cell: ({ name, description }) => (
      <PageLink
        to="/projects/$project"
        params={{ project: name }}
        title={visible(description)}
        style={{ overflowWrap: 'anywhere' }}
      >
        <bdi>{name}</bdi>
      </PageLink>
    ),
  },
  {
    id: 'repositories',
    title: text.repositories,
    align: 'end',
    cell: ({ usage }) => formatCount(usage.repositories),
  },
  { id: 'size', title: text.size, align: 'end', cell: ({ usage }) => formatBytes(usage.bytes) },
  {
    id: 'findings',
    title: text.findings,
    cell: ({ findings }) =>
      findings === null ? (
        <span className="berth-quiet">{text.notCounted}</span>
      ) : (
        <SeverityCounts counts={findings} />
      ),
  },
]

/** The projects of whoever looks, with what they hold and how they stand. */
export function ProjectList({ projects }: { projects: Loaded<ClientAnswer<typeof listProjects>> }) {
  return (
    <Section
      title={text.projects}
      actions={
        <PageLink to="/projects" isSmall>
          {text.allProjects}
        </PageLink>
      }
    >
      <DataTable
        label={text.projects}
        height="none"
        columns={columns}
        rows={projects.data?.body.items ?? []}
        rowKey={({ name }) => name}
        isLoading={projects.isPending}
        error={projects.error}
        onRetry={() => void projects.refetch()}
        empty={
          <Empty title={text.noProjects} icon={IconFolders}>
            {text.noProjectsLead}
          </Empty>
        }
      />
    </Section>
  )
}
