import { listInstanceVexStatements, listVexStatements } from '@berth/api/vex.ts'
import { Button, Group, SegmentedControl } from '@mantine/core'
import { useState } from 'react'
import { securityText } from '../../text/security.ts'
import { FilterField } from '../../ui/filter-field.tsx'
import { useFilters } from '../../ui/filters.ts'
import { Empty, NothingFound } from '../../ui/states.tsx'
import { JudgeDialog } from './judge-dialog.tsx'
import { type Scope, ScopedPage, useScopedPages, useScopeRights } from './scope.tsx'
import { StatementTable } from './statement-table.tsx'
import { UploadVexDialog } from './upload-vex-dialog.tsx'

const text = securityText.statements
const states = ['active', 'revoked', 'all'] as const

export default function Statements() {
  return (
    <ScopedPage title={text.title} lead={text.lead} actions={(scope) => <Create scope={scope} />}>
      {(scope) => <StatementList scope={scope} />}
    </ScopedPage>
  )
}

function Create({ scope }: { scope: Scope }) {
  const [open, setOpen] = useState<'judge' | 'upload'>()
  const { mayJudge } = useScopeRights(scope)
  if (!mayJudge) return null
  const close = () => setOpen(undefined)
  return (
    <>
      <Button onClick={() => setOpen('judge')}>{text.create}</Button>
      <Button variant="default" onClick={() => setOpen('upload')}>
        {text.upload}
      </Button>
      <JudgeDialog scope={scope} isOpen={open === 'judge'} onClose={close} />
      <UploadVexDialog scope={scope} isOpen={open === 'upload'} onClose={close} />
    </>
  )
}

function StatementList({ scope }: { scope: Scope }) {
  const [filters, setFilters] = useFilters()
  const { mayJudge } = useScopeRights(scope)
  const state = states.find((each) => each === filters.state) ?? 'active'
  const vulnerability = filters.vulnerability?.slice(0, 100)
  const statements = useScopedPages(
    scope,
    { project: listVexStatements, instance: listInstanceVexStatements },
    { state, ...(vulnerability !== undefined && { vulnerability }) },
    { keepsPrevious: true },
  )
  return (
    <>
      <Group gap="xs">
        <SegmentedControl
          aria-label={text.state}
          data={states.map((value) => ({ value, label: text.states[value] }))}
          value={state}
          onChange={(value) => setFilters({ state: value === 'active' ? undefined : value })}
        />
        <FilterField
          label={text.vulnerability}
          value={vulnerability ?? ''}
          onChange={(value) => setFilters({ vulnerability: value.trim() })}
        />
      </Group>
      <StatementTable
        scope={scope}
        mayRevoke={mayJudge}
        rows={statements.items}
        isLoading={statements.isLoading}
        error={statements.error}
        onRetry={() => void statements.refetch()}
        more={statements.more}
        hasMore={statements.hasNextPage}
        empty={
          vulnerability === undefined ? (
            <Empty title={text.empty}>{text.emptyLead}</Empty>
          ) : (
            <NothingFound onClear={() => setFilters({ vulnerability: undefined })} />
          )
        }
      />
    </>
  )
}
