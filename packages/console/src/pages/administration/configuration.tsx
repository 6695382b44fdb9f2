import { listSettings } from '@berth/api/configuration.ts'
import { Group, Switch, Text } from '@mantine/core'
import { isRefusal } from '../../api/client.ts'
import { type ItemOf, useApi } from '../../api/queries.ts'
import { systemText } from '../../text/system.ts'
import { Badge } from '../../ui/badge.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { FilterField } from '../../ui/filter-field.tsx'
import { useFilters } from '../../ui/filters.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { Page } from '../../ui/page.tsx'
import { Empty, NothingFound } from '../../ui/states.tsx'

const text = systemText.configuration
type Setting = ItemOf<typeof listSettings>

const columns: readonly Column<Setting>[] = [
  {
    id: 'setting',
    title: text.setting,
    width: '46%',
    cell: ({ path, description, variable }) => (
      <>
        <span className="berth-mono">{path}</span>
        <Text size="xs" className="berth-quiet" fw={400}>
          {description}
        </Text>
        <Text size="xs" className="berth-quiet berth-mono" fw={400}>
          {variable}
        </Text>
      </>
    ),
  },
  {
    id: 'value',
    title: text.value,
    cell: ({ value, isSecret, isSet }) =>
      isSecret && isSet ? (
        text.secret
      ) : value === null ? (
        <span className="berth-quiet">{text.unset}</span>
      ) : (
        <span className="berth-mono">
          <ForeignText text={value} max={200} />
        </span>
      ),
  },
  {
    id: 'source',
    title: text.source,
    width: 150,
    cell: ({ source }) =>
      source === 'default' ? (
        <span className="berth-quiet">{text.sources.default}</span>
      ) : (
        <Badge color="blue">{text.sources[source]}</Badge>
      ),
  },
  {
    id: 'default',
    title: text.default,
    width: '16%',
    cell: ({ default: value, source }) =>
      source !== 'default' && value !== null && <span className="berth-mono">{value}</span>,
  },
]

export default function Configuration() {
  const [{ q = '', only }, setFilters] = useFilters()
  const settings = useApi(listSettings, {})
  const words = q.toLowerCase().split(/\s+/).filter(Boolean)
  const rows = (settings.data?.body.items ?? []).filter(
    ({ path, variable, description, source }) =>
      (only !== 'set' || source !== 'default') &&
      words.every((word) => `${path} ${variable} ${description}`.toLowerCase().includes(word)),
  )
  const isFiltered = q !== '' || only !== undefined
  return (
    <Page title={text.title} lead={text.lead}>
      {!isRefusal(settings.error) && (
        <Group gap="md">
          <FilterField
            label={text.filter}
            value={q}
            onChange={(value) => setFilters({ q: value })}
          />
          <Switch
            label={text.onlySet}
            checked={only === 'set'}
            onChange={(event) =>
              setFilters({ only: event.currentTarget.checked ? 'set' : undefined })
            }
          />
        </Group>
      )}
      <DataTable
        label={text.title}
        columns={columns}
        rows={rows}
        rowKey={({ path }) => path}
        isLoading={settings.isLoading}
        error={settings.error}
        onRetry={() => void settings.refetch()}
        empty={
          isFiltered ? (
            <NothingFound onClear={() => setFilters({ q: undefined, only: undefined })} />
          ) : (
            <Empty>{text.empty}</Empty>
          )
        }
      />
    </Page>
  )
}
