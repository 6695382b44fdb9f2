import type { listRepositories } from '@berth/api/repositories.ts'
import type { ClientAnswer } from '@berth/api/client.ts'
import { IconBox } from '@tabler/icons-react'
import type { ItemOf } from '../../api/queries.ts'
import { homeText as text } from '../../text/home.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Section } from '../../ui/page.tsx'
import { Empty } from '../../ui/states.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatBytes, formatCapped } from '../../ui/units.ts'
import type { Loaded } from './loaded.ts'

type Repository = ItemOf<typeof listRepositories>

const columns: readonly Column<Repository>[] = [
  {
    id: 'name',
    title: text.repository,
    cell: ({ name }) => (
      <PageLink
        to="/repositories/$repository"
        params={{ repository: name }}
        style={{ overflowWrap: 'anywhere' }}
      >
        <bdi>{name}</bdi>
      </PageLink>
    ),
  },
  {
    id: 'pushed',
    title: text.pushed,
    cell: ({ pushedAt }) => <Ago at={pushedAt} never={text.never} />,
  },
  { id: 'tags', title: text.tags, align: 'end', cell: ({ tags }) => formatCapped(tags) },
  { id: 'size', title: text.size, align: 'end', cell: ({ size }) => formatBytes(size) },
]

/** The repositories that were pushed to last. */
export function RecentRepositories({
  repositories,
}: {
  repositories: Loaded<ClientAnswer<typeof listRepositories>>
}) {
  return (
    <Section
      title={text.recent}
      actions={
        <PageLink to="/repositories" isSmall>
          {text.allRepositories}
        </PageLink>
      }
    >
      <DataTable
        label={text.recent}
        height="none"
        columns={columns}
        rows={repositories.data?.body.items ?? []}
        rowKey={({ name }) => name}
        isLoading={repositories.isPending}
        error={repositories.error}
        onRetry={() => void repositories.refetch()}
        empty={
          <Empty title={text.nothingPushed} icon={IconBox}>
            {text.nothingPushedLead}
          </Empty>
        }
      />
    </Section>
  )
}
