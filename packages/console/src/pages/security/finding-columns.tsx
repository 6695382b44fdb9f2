import type { listTrackedFindings } from '@berth/api/findings.ts'
import type { ItemOf } from '../../api/queries.ts'
import { securityText } from '../../text/security.ts'
import { Badge } from '../../ui/badge.tsx'
import type { Column } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { SeverityBadge } from '../../ui/severity.tsx'
import { Ago } from '../../ui/time.tsx'
import { Due, RepositoryLink, VulnerabilityLink } from './finding-cells.tsx'
import type { Scope } from './scope.tsx'

export type Tracked = ItemOf<typeof listTrackedFindings>
const { columns, findings: text } = securityText

export function findingColumns(
  scope: Scope,
  { isSorted = true }: { isSorted?: boolean } = {},
): readonly Column<Tracked>[] {
  return [
    {
      id: 'vulnerability',
      title: columns.vulnerability,
      cell: ({ vulnerability, knownExploited }) => (
        <VulnerabilityLink
          vulnerability={vulnerability}
          scope={scope}
          knownExploited={knownExploited}
        />
      ),
    },
    {
      id: 'severity',
      title: columns.severity,
      cell: ({ severity }) => <SeverityBadge severity={severity} />,
    },
    {
      id: 'score',
      title: columns.score,
      align: 'end',
      ...(isSorted && { sort: 'score', first: 'descending' }),
      cell: ({ score }) => score.toFixed(1),
    },
    {
      id: 'package',
      title: columns.package,
      cell: (row) => <ForeignText text={row.package} max={80} />,
    },
    {
      id: 'repository',
      title: columns.repository,
      cell: ({ repository }) => <RepositoryLink repository={repository} />,
    },
    {
      id: 'fix',
      title: columns.fix,
      cell: ({ isFixable }) => <Badge color="plain">{isFixable ? text.hasFix : text.noFix}</Badge>,
    },
    {
      id: 'due',
      title: columns.due,
      ...(isSorted && { sort: 'due' }),
      cell: (row) =>
        row.closedAt === null ? (
          <Due due={row.due} isOverdue={row.isOverdue} />
        ) : (
          <>
            {text.closedAt} <Ago at={row.closedAt} />
          </>
        ),
    },
    {
      id: 'firstSeen',
      title: columns.firstSeen,
      cell: ({ firstSeenAt }) => <Ago at={firstSeenAt} />,
    },
  ]
}

export function findingKey({ repository, package: name, vulnerability }: Tracked): string {
  return `${repository} ${name} ${vulnerability}`
}
