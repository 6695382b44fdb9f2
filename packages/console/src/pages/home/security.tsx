import { listInstanceFindings, readInstanceFindingsOverview } from '@berth/api/findings.ts'
import { SimpleGrid, Stack } from '@mantine/core'
import type { ReactNode } from 'react'
import { askAhead, type ItemOf, useApi } from '../../api/queries.ts'
import { homeText } from '../../text/home.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Section } from '../../ui/page.tsx'
import { SeverityBadge, SeverityCounts } from '../../ui/severity.tsx'
import { Lines, Show } from '../../ui/states.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatCount } from '../../ui/units.ts'
import { Figure } from '../../ui/figure.tsx'

const text = homeText.security
const urgentShown = 5
const urgent = { query: { overdue: 'true', sort: 'due', limit: urgentShown } } as const
/** The server counts no further. */
const overdueMax = 10_000

type Finding = ItemOf<typeof listInstanceFindings>

const columns: readonly Column<Finding>[] = [
  {
    id: 'vulnerability',
    title: text.vulnerability,
    cell: ({ vulnerability }) => (
      <PageLink to="/security/vulnerabilities/$vulnerability" params={{ vulnerability }}>
        {vulnerability}
      </PageLink>
    ),
  },
  {
    id: 'severity',
    title: text.severity,
    cell: ({ severity }) => <SeverityBadge severity={severity} />,
  },
  {
    id: 'in',
    title: text.in,
    cell: ({ repository }) => (
      <PageLink to="/repositories/$repository" params={{ repository }}>
        <bdi>{repository}</bdi>
      </PageLink>
    ),
  },
  {
    id: 'package',
    title: text.package,
    cell: (finding) => <ForeignText text={finding.package} max={120} />,
  },
  { id: 'due', title: text.due, cell: ({ due }) => <Ago at={due} /> },
]

export function askForSecurity(): void {
  askAhead(readInstanceFindingsOverview, {})
  askAhead(listInstanceFindings, urgent)
}

/** For whoever looks after security: how much there is, and what is overdue. */
export function Security() {
  const overview = useApi(readInstanceFindingsOverview, {})
  return (
    <Section
      title={text.title}
      actions={
        <PageLink to="/security" isSmall>
          {text.more}
        </PageLink>
      }
    >
      <Show of={overview} skeleton={<Lines count={3} />}>
        {({ body: { due, counts, images, scanned, failed, waiting, endOfLife } }) => (
          <Stack>
            <SimpleGrid cols={{ base: 1, sm: 3 }}>
              <Figure label={text.overdue} note={text.soon(formatCount(due.soon))}>
                {due.overdue === 0 ? (
                  text.overdueNone
                ) : (
                  <PageLink to="/security/findings" search={{ overdue: 'true' }}>
                    {formatCount(due.overdue)}
                    {due.overdue >= overdueMax && '+'}
                  </PageLink>
                )}
              </Figure>
              <Figure label={text.open}>
                <SeverityCounts counts={counts} />
              </Figure>
              <Figure
                label={text.scanned}
                note={joined([
                  failed > 0 && text.failed(formatCount(failed)),
                  waiting > 0 && text.waiting(formatCount(waiting)),
                  endOfLife > 0 && text.endOfLife(formatCount(endOfLife)),
                ])}
              >
                {formatCount(scanned)} {text.scannedOf(formatCount(images))}
              </Figure>
            </SimpleGrid>
            {due.overdue > 0 && <MostUrgent />}
          </Stack>
        )}
      </Show>
    </Section>
  )
}

function MostUrgent() {
  const findings = useApi(listInstanceFindings, urgent)
  return (
    <DataTable
      label={text.mostUrgent}
      height="none"
      columns={columns}
      rows={findings.data?.body.items ?? []}
      rowKey={(row) => `${row.repository}\n${row.package}\n${row.vulnerability}`}
      isLoading={findings.isPending}
      error={findings.error}
      onRetry={() => void findings.refetch()}
      empty={null}
    />
  )
}

function joined(parts: readonly (string | false)[]): ReactNode {
  const some = parts.filter((part) => part !== false)
  return some.length === 0 ? undefined : some.join(' · ')
}
