import { listInstancePolicyExceptions, listPolicyExceptions } from '@berth/api/policy-exceptions.ts'
import { Button, SegmentedControl } from '@mantine/core'
import { useState } from 'react'
import { securityText } from '../../text/security.ts'
import { useFilters } from '../../ui/filters.ts'
import { Empty } from '../../ui/states.tsx'
import { ExceptDialog } from './except-dialog.tsx'
import { ExceptionTable } from './exception-table.tsx'
import { type Scope, ScopedPage, useScopedPages, useScopeRights } from './scope.tsx'

const text = securityText.exceptions
const states = ['active', 'all'] as const

export default function Exceptions() {
  return (
    <ScopedPage title={text.title} lead={text.lead} actions={(scope) => <Create scope={scope} />}>
      {(scope) => <ExceptionList scope={scope} />}
    </ScopedPage>
  )
}

function Create({ scope }: { scope: Scope }) {
  const [isOpen, setOpen] = useState(false)
  const { mayManagePolicy } = useScopeRights(scope)
  if (!mayManagePolicy) return null
  return (
    <>
      <Button onClick={() => setOpen(true)}>{text.create}</Button>
      <ExceptDialog scope={scope} isOpen={isOpen} onClose={() => setOpen(false)} />
    </>
  )
}

function ExceptionList({ scope }: { scope: Scope }) {
  const [filters, setFilters] = useFilters()
  const { mayManagePolicy } = useScopeRights(scope)
  const state = filters.state === 'all' ? 'all' : 'active'
  const exceptions = useScopedPages(
    scope,
    { project: listPolicyExceptions, instance: listInstancePolicyExceptions },
    { state },
    { keepsPrevious: true },
  )
  return (
    <>
      <SegmentedControl
        aria-label={text.state}
        data={states.map((value) => ({ value, label: text.states[value] }))}
        value={state}
        onChange={(value) => setFilters({ state: value === 'all' ? value : undefined })}
        style={{ alignSelf: 'flex-start' }}
      />
      <ExceptionTable
        scope={scope}
        mayEnd={mayManagePolicy}
        rows={exceptions.items}
        isLoading={exceptions.isLoading}
        error={exceptions.error}
        onRetry={() => void exceptions.refetch()}
        more={exceptions.more}
        hasMore={exceptions.hasNextPage}
        empty={<Empty title={text.empty}>{text.emptyLead}</Empty>}
      />
    </>
  )
}
