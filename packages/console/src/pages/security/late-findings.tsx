import { listInstanceFindings, listTrackedFindings } from '@berth/api/findings.ts'
import { useMemo } from 'react'
import { securityText } from '../../text/security.ts'
import { DataTable } from '../../ui/data-table.tsx'
import { ButtonLink } from '../../ui/link.tsx'
import { Section } from '../../ui/page.tsx'
import { Empty } from '../../ui/states.tsx'
import { findingColumns, findingKey } from './finding-columns.tsx'
import { type Scope, scopeSearch, useScoped } from './scope.tsx'

const text = securityText.overview

/** What is due first, the overdue ahead. */
export function LateFindings({ scope }: { scope: Scope }) {
  const late = useScoped(
    scope,
    { project: listTrackedFindings, instance: listInstanceFindings },
    { sort: 'due', limit: 10 },
  )
  const columns = useMemo(
    () => findingColumns(scope, { isSorted: false }).filter(({ id }) => id !== 'firstSeen'),
    [scope],
  )
  const all = (
    <ButtonLink
      to="/security/findings"
      search={{ ...scopeSearch(scope), sort: 'due' }}
      variant="default"
      size="xs"
    >
      {text.allLate}
    </ButtonLink>
  )
  const toPolicies = (
    <ButtonLink to="/security/policies" search={scopeSearch(scope)} variant="default">
      {text.toPolicies}
    </ButtonLink>
  )
  return (
    <Section title={text.late} lead={text.lateLead} actions={all}>
      <DataTable
        label={text.late}
        columns={columns}
        rows={late.data?.body.items ?? []}
        rowKey={findingKey}
        isLoading={late.isLoading}
        error={late.error}
        onRetry={() => void late.refetch()}
        height="26rem"
        empty={
          <Empty title={text.noLate} action={toPolicies}>
            {text.noLateLead}
          </Empty>
        }
      />
    </Section>
  )
}
