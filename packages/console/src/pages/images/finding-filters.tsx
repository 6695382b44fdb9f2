import { Chip, Group, NativeSelect } from '@mantine/core'
import { imageSecurityText } from '../../text/image-security.ts'
import { severityText } from '../../text/severity.ts'
import { FilterField } from '../../ui/filter-field.tsx'
import { type Filters, useFilters } from '../../ui/filters.ts'
import { severities, type Severity } from '../../ui/severity.tsx'

const text = imageSecurityText.findings

/** The filters of the address as the API takes them; what makes no sense is left out. */
export function findingQuery(filters: Filters) {
  const severity = chosenSeverities(filters)
  const { package: name, vulnerability } = filters
  return {
    ...(severity.length > 0 && { severity }),
    ...(isBoolean(filters.fixable) && { fixable: filters.fixable }),
    ...(isBoolean(filters.suppressed) && { suppressed: filters.suppressed }),
    ...(name && { package: name }),
    ...(vulnerability && { vulnerability }),
  }
}

export const noFindingFilters: Filters = {
  severity: undefined,
  fixable: undefined,
  suppressed: undefined,
  package: undefined,
  vulnerability: undefined,
}

function chosenSeverities({ severity = '' }: Filters): Severity[] {
  const named = severity.split(',')
  return severities.filter((each) => named.includes(each))
}

function isBoolean(value: string | undefined): value is 'true' | 'false' {
  return value === 'true' || value === 'false'
}

/** All of them stand in the address. */
export function FindingFilters() {
  const [filters, setFilters] = useFilters()
  return (
    <Group gap="sm" align="center">
      <Group gap={6} role="group" aria-label={text.severity}>
        <Chip.Group
          multiple
          value={chosenSeverities(filters)}
          onChange={(chosen) => setFilters({ severity: chosen.join(',') })}
        >
          {severities.map((severity) => (
            <Chip key={severity} value={severity} size="xs" radius="sm" variant="outline">
              {severityText[severity]}
            </Chip>
          ))}
        </Chip.Group>
      </Group>
      <NativeSelect
        aria-label={text.fixable}
        data={[
          { value: '', label: text.anyFix },
          { value: 'true', label: text.withFix },
          { value: 'false', label: text.withoutFix },
        ]}
        value={filters.fixable ?? ''}
        onChange={({ currentTarget }) => setFilters({ fixable: currentTarget.value })}
      />
      <NativeSelect
        aria-label={text.judged}
        data={[
          { value: '', label: text.anyJudged },
          { value: 'false', label: text.onlyOpen },
          { value: 'true', label: text.onlyJudged },
        ]}
        value={filters.suppressed ?? ''}
        onChange={({ currentTarget }) => setFilters({ suppressed: currentTarget.value })}
      />
      <FilterField
        width={170}
        label={text.package}
        value={filters.package ?? ''}
        onChange={(value) => setFilters({ package: value.trim() })}
      />
      <FilterField
        width={190}
        label={text.vulnerability}
        value={filters.vulnerability ?? ''}
        onChange={(value) => setFilters({ vulnerability: value.trim().slice(0, 100) })}
      />
    </Group>
  )
}
