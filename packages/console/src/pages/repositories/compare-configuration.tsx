import { useMemo } from 'react'
import { repositoryText } from '../../text/repositories.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { useFilters } from '../../ui/filters.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { Section } from '../../ui/page.tsx'
import { ChangeBadge } from './change-badge.tsx'
import type { Pair } from './compared.ts'
import { type ConfigurationLine, configurationLines } from './configuration-lines.ts'

const text = repositoryText.compare

/** How the two images run: line by line what came, went or is another. */
export function CompareConfiguration({ before, after }: Pair) {
  const [{ same }] = useFilters()
  const old = before.manifest.image
  const current = after.manifest.image
  const all = useMemo(
    () => (old && current ? configurationLines(old, current) : []),
    [old, current],
  )
  const shown = same === undefined ? all.filter(({ change }) => change !== 'same') : all
  return (
    <Section title={text.configuration}>
      {old && current ? (
        <DataTable
          label={text.configuration}
          columns={columns}
          rows={shown}
          rowKey={({ key }) => key}
          empty={text.nothingDifferent}
          height="32rem"
        />
      ) : (
        text.noConfiguration
      )}
    </Section>
  )
}

function Value({ value }: { value: string | undefined }) {
  if (value === undefined) return null
  return (
    <span className="berth-mono">
      <ForeignText text={value} max={200} />
    </span>
  )
}

const columns: readonly Column<ConfigurationLine>[] = [
  {
    id: 'change',
    title: text.change,
    width: 120,
    cell: ({ change }) => <ChangeBadge change={change} />,
  },
  {
    id: 'what',
    title: text.what,
    width: '30%',
    cell: ({ name }) => <ForeignText text={name} max={120} />,
  },
  {
    id: 'before',
    title: text.before,
    width: '29%',
    cell: ({ before }) => <Value value={before} />,
  },
  { id: 'after', title: text.after, width: '29%', cell: ({ after }) => <Value value={after} /> },
]
