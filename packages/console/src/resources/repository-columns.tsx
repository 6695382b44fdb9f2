import type { listRepositories } from '@berth/api/repositories.ts'
import type { ItemOf } from '../api/queries.ts'
import { repositoryText as text } from '../text/repositories.ts'
import type { Column } from '../ui/data-table.tsx'
import { ForeignText } from '../ui/foreign-text.tsx'
import { PageLink } from '../ui/link.tsx'
import { Ago } from '../ui/time.tsx'
import { formatBytes, formatCapped } from '../ui/units.ts'

type ListedRepository = ItemOf<typeof listRepositories>

/** By what lists of repositories are sorted, and which way first. */
export const repositorySorts = {
  name: 'ascending',
  pushedAt: 'descending',
  size: 'descending',
} as const

export const repositoryColumns: readonly Column<ListedRepository>[] = [
  {
    id: 'name',
    title: text.name,
    sort: 'name',
    cell: ({ name }) => (
      <PageLink to="/repositories/$repository" params={{ repository: name }}>
        <bdi style={{ overflowWrap: 'anywhere' }}>{name}</bdi>
      </PageLink>
    ),
  },
  {
    id: 'description',
    title: text.description,
    width: '34%',
    cell: ({ description }) =>
      description === '' ? null : <ForeignText text={description} max={120} />,
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
