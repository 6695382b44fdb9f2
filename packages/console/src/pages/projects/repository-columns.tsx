import type { listRepositories } from '@berth/api/repositories.ts'
import type { ItemOf } from '../../api/queries.ts'
import { projectText as text } from '../../text/projects.ts'
import type { Column } from '../../ui/data-table.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatBytes, formatCapped } from '../../ui/units.ts'

export type ListedRepository = ItemOf<typeof listRepositories>

export const repositoryColumns: readonly Column<ListedRepository>[] = [
  {
    id: 'name',
    title: text.name,
    sort: 'name',
    width: '40%',
    cell: ({ name }) => (
      <PageLink to="/repositories/$repository" params={{ repository: name }}>
        <bdi style={{ overflowWrap: 'anywhere' }}>{name}</bdi>
      </PageLink>
    ),
  },
  { id: 'tags', title: text.tags, align: 'end', cell: ({ tags }) => formatCapped(tags) },
  {
    id: 'size',
    title: text.size,
    align: 'end',
    sort: 'size',
    first: 'descending',
    cell: ({ size }) => formatBytes(size),
  },
  {
    id: 'pushed',
    title: text.pushed,
    sort: 'pushedAt',
    first: 'descending',
    cell: ({ pushedAt }) => <Ago at={pushedAt} never={text.never} />,
  },
  {
    id: 'pulled',
    title: text.pulled,
    cell: ({ lastPulledAt }) => <Ago at={lastPulledAt} never={text.never} />,
  },
]
