import { listAuditEntries, listProjectAuditEntries } from '@berth/api/audit.ts'
import { Button, Group, Menu, Select, TextInput, UnstyledButton } from '@mantine/core'
import { useMemo, useState } from 'react'
import { apiAddress, isRefusal } from '../api/client.ts'
import { useApiPages } from '../api/queries.ts'
import { auditText as text } from '../text/audit.ts'
import { Badge, type BadgeColor } from '../ui/badge.tsx'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { FilterField } from '../ui/filter-field.tsx'
import { type Filters, useFilters } from '../ui/filters.ts'
import { ForeignText } from '../ui/foreign-text.tsx'
import { Empty, Fault, NothingFound } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { AuditEntry, type Entry } from './audit-entry.tsx'

const outcomes = ['success', 'denied', 'failure'] as const
const colors: Readonly<Record<string, BadgeColor>> = {
  denied: 'orange',
  failure: 'red',
}
const names = ['actor', 'action', 'targetPrefix', 'outcome', 'from', 'to'] as const

/** The audit log of a project and all below it, or of the whole instance; filters stand in the address. */
export function AuditLog({ project }: { project: string | undefined }) {
  const [filters, setFilters] = useFilters()
  const [shown, setShown] = useState<Entry>()
  const query = useMemo(() => queryOf(filters), [filters])
  const ofInstance = useApiPages(
    listAuditEntries,
    { query },
    { keepsPrevious: true, isEnabled: project === undefined },
  )
  const ofProject = useApiPages(
    listProjectAuditEntries,
    { params: { project: project ?? '' }, query },
    { keepsPrevious: true, isEnabled: project !== undefined },
  )
  const entries = project === undefined ? ofInstance : ofProject
  const isFiltered = names.some((name) => filters[name] !== undefined)
  const columns = useMemo(() => columnsFor(setShown), [])
  const clear = () => setFilters(Object.fromEntries(names.map((name) => [name, undefined])))
  const { error } = entries
  // Neither filters nor an export of what may not be read.
  if (isRefusal(error)) return <Fault error={error} />
  return (
    <>
      <AuditFilters filters={filters} onChange={setFilters} project={project} query={query} />
      <DataTable
        label={text.title}
        columns={columns}
        rows={entries.items}
        rowKey={({ id }) => String(id)}
        isLoading={entries.isLoading}
        error={entries.error}
        onRetry={() => void entries.refetch()}
        more={entries.more}
        hasMore={entries.hasNextPage}
        empty={isFiltered ? <NothingFound onClear={clear} /> : <Empty>{text.empty}</Empty>}
      />
      <AuditEntry entry={shown} onClose={() => setShown(undefined)} />
    </>
  )
}

type Query = ReturnType<typeof queryOf>

/** What of the address the API takes; what it would refuse is left out while somebody is typing. */
function queryOf(filters: Filters) {
  const { actor, action, targetPrefix, outcome, from, to } = filters
  return {
    ...(actor !== undefined && { actor: actor.slice(0, 512) }),
    ...(action !== undefined && /^[A-Za-z0-9.-]{1,100}$/.test(action) && { action }),
    ...(targetPrefix !== undefined && { targetPrefix: targetPrefix.slice(0, 512) }),
    ...(outcomes.some((each) => each === outcome) && {
      outcome: outcome as (typeof outcomes)[number],
    }),
    ...(isMoment(from) && { from: new Date(from).toISOString() }),
    ...(isMoment(to) && { to: new Date(to).toISOString() }),
  }
}

function isMoment(value: string | undefined): value is string {
  return value !== undefined && !Number.isNaN(Date.parse(value))
}

function columnsFor(show: (entry: Entry) => void): Column<Entry>[] {
  return [
    {
      id: 'action',
      title: text.action,
      cell: (entry) => (
        <UnstyledButton
          className="berth-mono"
          c="var(--mantine-color-anchor)"
          aria-label={text.show(entry.action)}
          onClick={() => show(entry)}
        >
          {entry.action}
        </UnstyledButton>
      ),
    },
    {
      id: 'target',
      title: text.target,
      cell: ({ target }) => (
        <>
          <span className="berth-quiet">{target.kind} </span>
          <ForeignText text={target.name} max={120} />
        </>
      ),
    },
    {
      id: 'actor',
      title: text.actor,
      width: 130,
      cell: ({ actor }) => <ForeignText text={actor.name} max={120} />,
    },
    {
      id: 'outcome',
      title: text.outcome,
      cell: ({ outcome }) => <Outcome outcome={outcome} />,
    },
    { id: 'address', title: text.address, cell: ({ address }) => address },
    { id: 'at', title: text.at, cell: ({ at }) => <Ago at={at} /> },
  ]
}

/** What went well is the rule, and does not call for eyes. */
function Outcome({ outcome }: { outcome: string }) {
  const said = text.outcomes[outcome as (typeof outcomes)[number]] ?? outcome
  if (outcome === 'success') return <span className="berth-quiet">{said}</span>
  return <Badge color={colors[outcome] ?? 'gray'}>{said}</Badge>
}

function AuditFilters({
  filters,
  onChange,
  project,
  query,
}: {
  filters: Filters
  onChange: (changes: Filters) => void
  project: string | undefined
  query: Query
}) {
  return (
    <Group gap="sm" align="flex-end">
      <FilterField
        label={text.actorFilter}
        value={filters.actor ?? ''}
        onChange={(actor) => onChange({ actor })}
      />
      <FilterField
        label={text.actionFilter}
        value={filters.action ?? ''}
        onChange={(action) => onChange({ action })}
      />
      <FilterField
        label={text.targetFilter}
        value={filters.targetPrefix ?? ''}
        onChange={(targetPrefix) => onChange({ targetPrefix })}
      />
      <Select
        aria-label={text.outcome}
        placeholder={text.outcome}
        clearable
        data={outcomes.map((value) => ({ value, label: text.outcomes[value] }))}
        value={filters.outcome ?? null}
        onChange={(value) => onChange({ outcome: value ?? undefined })}
        w={150}
      />
      {(['from', 'to'] as const).map((name) => (
        <TextInput
          key={name}
          type="datetime-local"
          label={text[name]}
          value={filters[name] ?? ''}
          onChange={(event) => onChange({ [name]: event.currentTarget.value })}
        />
      ))}
      <Export project={project} query={query} />
    </Group>
  )
}

/** Links that the browser itself follows: the answer is a stream of any length. */
function Export({ project, query }: { project: string | undefined; query: Query }) {
  const path =
    project === undefined
      ? '/audit/export'
      : `/projects/${encodeURIComponent(project)}/audit/export`
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default">{text.export}</Button>
      </Menu.Target>
      <Menu.Dropdown>
        {(['jsonl', 'csv'] as const).map((format) => (
          <Menu.Item
            key={format}
            component="a"
            href={apiAddress(`${path}?${new URLSearchParams({ ...query, format }).toString()}`)}
            download={`audit.${format}`}
          >
            {text.formats[format]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
