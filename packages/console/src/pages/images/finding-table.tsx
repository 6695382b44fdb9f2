import { Group, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { imageSecurityText } from '../../text/image-security.ts'
import { Badge } from '../../ui/badge.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ForeignText, visible } from '../../ui/foreign-text.tsx'
import { PageLink } from '../../ui/link.tsx'
import { SeverityBadge } from '../../ui/severity.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatShare } from '../../ui/units.ts'
import { type Due, dueKey, useDueDates } from './due-dates.ts'
import { type Finding, findingKey } from './finding-key.ts'
import classes from './images.module.css'

const text = imageSecurityText.findings

type Findings = {
  readonly items: readonly Finding[]
  readonly isPending: boolean
  readonly error: Error | null
  readonly refetch: () => unknown
  readonly hasNextPage: boolean
  readonly more: () => void
}

/** The findings of an image; the name of each opens it. */
export function FindingTable({ findings, empty }: { findings: Findings; empty: ReactNode }) {
  const due = useDueDates()
  const columns: Column<Finding>[] = [
    { id: 'vulnerability', title: text.vulnerability, width: 165, cell: vulnerability },
    {
      id: 'severity',
      title: text.severity,
      width: 105,
      cell: ({ severity }) => <SeverityBadge severity={severity} />,
    },
    {
      id: 'score',
      title: text.score,
      width: 70,
      align: 'end',
      cell: ({ score }) => (score > 0 ? score.toFixed(1) : ''),
    },
    { id: 'exploited', title: text.exploited, width: 125, cell: exploitation },
    {
      id: 'package',
      title: text.package,
      cell: ({ package: { name, kind } }) => (
        <span style={{ overflowWrap: 'anywhere' }}>
          <ForeignText text={name} max={120} /> <span className="berth-quiet">{kind}</span>
        </span>
      ),
    },
    {
      id: 'installed',
      title: text.installed,
      width: '17%',
      cell: ({ package: { version } }) => <Version version={version} />,
    },
    { id: 'fixed', title: text.fixed, width: '17%', cell: fix },
    {
      id: 'due',
      title: text.due,
      width: 120,
      cell: (found) => <DueDay due={due.get(dueKey(found))} />,
    },
  ]
  return (
    <div className={`${classes.fixed} ${classes.wide}`}>
      <DataTable
        label={text.title}
        columns={columns}
        rows={findings.items}
        rowKey={findingKey}
        isLoading={findings.isPending}
        error={findings.error}
        onRetry={() => void findings.refetch()}
        hasMore={findings.hasNextPage}
        more={findings.more}
        empty={empty}
      />
    </div>
  )
}

type Search = Record<string, string | undefined>

function vulnerability(finding: Finding): ReactNode {
  return (
    <Group gap={6}>
      <PageLink
        to="."
        search={(before: Search) => ({ ...before, finding: findingKey(finding) })}
        resetScroll={false}
        aria-label={visible(text.openRow(finding.vulnerability, finding.package.name))}
      >
        <bdi>{visible(finding.vulnerability)}</bdi>
      </PageLink>
      {finding.suppressed && <Badge color="gray">{text.judgedAway}</Badge>}
      {finding.isMalware && <Badge color="red">{text.malware}</Badge>}
      {finding.isUndetermined && (
        <Badge color="gray" title={text.undeterminedLong}>
          {text.undetermined}
        </Badge>
      )}
    </Group>
  )
}

export function exploitation({ knownExploited, epss }: Finding): ReactNode {
  return (
    <Group gap={6}>
      {knownExploited !== null && (
        <Badge color="red" title={text.knownSince(knownExploited)}>
          {text.known}
        </Badge>
      )}
      {epss !== null && (
        <Text size="xs" className="berth-quiet" title={text.epssLong(formatShare(epss))}>
          {text.epss(formatShare(epss))}
        </Text>
      )}
    </Group>
  )
}

function fix({ fixedVersion, fixState }: Finding): ReactNode {
  if (fixedVersion !== null) return <Version version={fixedVersion} />
  return <span className="berth-quiet">{text.fixStates[fixState]}</span>
}

export function Version({ version }: { version: string }) {
  return (
    <span className="berth-mono" style={{ overflowWrap: 'anywhere' }}>
      <ForeignText text={version} max={100} />
    </span>
  )
}

/** By when it has to be mended, if a rule says so. */
export function DueDay({ due }: { due: Due | undefined }) {
  if (!due || due.due === null) return null
  return (
    <Group gap={6}>
      {due.isOverdue && <Badge color="red">{text.overdue}</Badge>}
      <Ago at={due.due} />
    </Group>
  )
}
