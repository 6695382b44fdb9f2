import { Group, MultiSelect, Select } from '@mantine/core'
import { securityText } from '../../text/security.ts'
import { severityText } from '../../text/severity.ts'
import { FilterField } from '../../ui/filter-field.tsx'
import type { Filters } from '../../ui/filters.ts'
import { severities } from '../../ui/severity.tsx'

const text = securityText.findings

/** All that may stand in the address to narrow the list. */
export const filterNames = [
  'severity',
  'state',
  'due',
  'fixable',
  'exploited',
  'package',
  'repository',
  'vulnerability',
] as const

const stateNames = ['open', 'closed', 'all'] as const
const dueNames = ['overdue', 'soon', 'month'] as const

export function FindingFilters({
  filters,
  onChange,
}: {
  filters: Filters
  onChange: (changes: Filters) => void
}) {
  const chosen = (filters.severity ?? '').split(',').filter((each) => each !== '')
  return (
    <Group gap="xs" align="flex-end" role="search" aria-label={text.filters}>
      <MultiSelect
        label={text.severity}
        placeholder={chosen.length === 0 ? securityText.any : ''}
        data={severities.map((value) => ({ value, label: severityText[value] }))}
        value={chosen}
        onChange={(values) => onChange({ severity: values.join(',') })}
        clearable
        w={{ base: '100%', sm: 260 }}
      />
      <Choice
        label={text.state}
        data={stateNames.map((value) => ({ value, label: text.states[value] }))}
        value={filters.state ?? 'open'}
        onChange={(value) => onChange({ state: value === 'open' ? undefined : value })}
      />
      <Choice
        label={text.due}
        data={[
          { value: '', label: securityText.any },
          ...dueNames.map((value) => ({ value, label: text.dues[value] })),
        ]}
        value={filters.due ?? ''}
        onChange={(due) => onChange({ due })}
      />
      <YesOrNo
        label={text.fixable}
        value={filters.fixable}
        onChange={(fixable) => onChange({ fixable })}
      />
      <YesOrNo
        label={text.exploited}
        value={filters.exploited}
        onChange={(exploited) => onChange({ exploited })}
      />
      <FilterField
        label={text.vulnerability}
        value={filters.vulnerability ?? ''}
        onChange={(vulnerability) => onChange({ vulnerability: vulnerability.trim() })}
      />
      <FilterField
        label={text.package}
        value={filters.package ?? ''}
        onChange={(name) => onChange({ package: name.trim() })}
      />
      <FilterField
        label={text.repository}
        value={filters.repository ?? ''}
        onChange={(repository) => onChange({ repository: repository.trim() })}
      />
    </Group>
  )
}

function Choice({
  label,
  data,
  value,
  onChange,
}: {
  label: string
  data: { value: string; label: string }[]
  value: string
  onChange: (value: string) => void
}) {
  return (
    <Select
      label={label}
      data={data}
      value={value}
      onChange={(picked) => onChange(picked ?? '')}
      allowDeselect={false}
      w={{ base: 'calc(50% - 5px)', sm: 148 }}
    />
  )
}

function YesOrNo({
  label,
  value,
  onChange,
}: {
  label: string
  value: string | undefined
  onChange: (value: string) => void
}) {
  return (
    <Choice
      label={label}
      data={[
        { value: '', label: securityText.any },
        { value: 'true', label: securityText.yes },
        { value: 'false', label: securityText.no },
      ]}
      value={value ?? ''}
      onChange={onChange}
    />
  )
}
