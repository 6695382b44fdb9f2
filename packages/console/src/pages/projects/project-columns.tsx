import type { listProjects } from '@berth/api/projects.ts'
import { Text } from '@mantine/core'
import type { ItemOf } from '../../api/queries.ts'
import { projectText as text } from '../../text/projects.ts'
import { Badge } from '../../ui/badge.tsx'
import type { Column } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { PageLink } from '../../ui/link.tsx'
import { SeverityCounts } from '../../ui/severity.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatCount } from '../../ui/units.ts'
import { QuotaBar } from './quota-bar.tsx'

export type ListedProject = ItemOf<typeof listProjects>

export const projectColumns: readonly Column<ListedProject>[] = [
  {
    id: 'name',
    title: text.name,
    sort: 'name',
    width: '30%',
    cell: ({ name, parent, description }) => (
      <>
        <PageLink to="/projects/$project" params={{ project: name }}>
          <Path name={name} parent={parent} />
        </PageLink>
        {description !== '' && (
          <Text size="xs" className="berth-quiet" component="div">
            <ForeignText text={description} max={120} />
          </Text>
        )}
      </>
    ),
  },
  {
    id: 'visibility',
    title: text.visibilityTitle,
    cell: ({ settings }) => (
      <Badge color="plain">
        {text.visibilityShort[settings.visibility.effective ?? 'private']}
      </Badge>
    ),
  },
  {
    id: 'repositories',
    title: text.repositories,
    align: 'end',
    cell: ({ usage }) => formatCount(usage.repositories),
  },
  {
    id: 'size',
    title: text.size,
    width: 200,
    cell: ({ usage, settings }) => (
      <QuotaBar unit="bytes" used={usage.bytes} quota={settings.quotaBytes.own} />
    ),
  },
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
  {
    id: 'created',
    title: text.created,
    sort: 'createdAt',
    first: 'descending',
    cell: ({ createdAt }) => <Ago at={createdAt} />,
  },
]

/** What lies above is quieter than the name itself. */
function Path({ name, parent }: { name: string; parent: string }) {
  const above = parent === '' ? '' : `${parent}/`
  return (
    <bdi style={{ overflowWrap: 'anywhere' }}>
      {above}
      <b>{name.slice(above.length)}</b>
    </bdi>
  )
}
