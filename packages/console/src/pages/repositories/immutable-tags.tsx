import { Text } from '@mantine/core'
import { useMemo } from 'react'
import { repositoryText } from '../../text/repositories.ts'
import { Badge } from '../../ui/badge.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Section } from '../../ui/page.tsx'
import { useRepository } from './repository-context.ts'
import { TryTag } from './try-tag.tsx'
import { type PlacedRule, useRulesAbove } from './use-rules-above.ts'

const text = repositoryText.settings

type Row = PlacedRule & { readonly place: number }

/** The rules that keep tags as they are, in the order in which they are asked, and which decides about a tag. */
export function ImmutableTags() {
  const { repository } = useRepository()
  const read = useRulesAbove(repository.project)
  const rows = useMemo(
    () => read.data?.rules.map((each, index): Row => ({ ...each, place: index + 1 })) ?? [],
    [read.data],
  )
  return (
    <Section title={text.immutability} lead={text.immutabilityLead}>
      <DataTable
        label={text.immutability}
        columns={columns}
        rows={rows}
        rowKey={({ rule }) => rule.id}
        isLoading={read.isLoading}
        error={read.error}
        onRetry={() => void read.refetch()}
        empty={<Text size="sm">{text.noRules}</Text>}
        height="24rem"
      />
      {read.data?.hidden.map((project) => (
        <Text key={project} size="sm" className="berth-quiet">
          {project === '' ? text.instanceHidden : text.projectHidden(project)}
        </Text>
      ))}
      <TryTag />
    </Section>
  )
}

const columns: readonly Column<Row>[] = [
  { id: 'order', title: text.order, cell: ({ place }) => place },
  {
    id: 'effect',
    title: text.effect,
    cell: ({ rule }) => <Badge color="plain">{text[rule.effect]}</Badge>,
  },
  {
    id: 'repositories',
    title: text.repositories,
    cell: ({ rule }) => (
      <span className="berth-mono">
        <ForeignText text={rule.repositories} max={120} />
      </span>
    ),
  },
  {
    id: 'tags',
    title: text.ruleTags,
    cell: ({ rule }) => (
      <span className="berth-mono">
        <ForeignText text={rule.tags} max={120} />
      </span>
    ),
  },
  { id: 'stands', title: text.stands, cell: ({ project }) => <Place project={project} /> },
]

function Place({ project }: { project: string }) {
  if (project === '') return text.instance
  return (
    <PageLink to="/projects/$project/immutability" params={{ project }}>
      {project}
    </PageLink>
  )
}
