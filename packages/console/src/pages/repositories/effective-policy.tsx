import type { ClientAnswer } from '@berth/api/client.ts'
import { readEffectivePolicy } from '@berth/api/policies.ts'
import { templateNames } from '@berth/api/policy-document.ts'
import { Badge, Text } from '@mantine/core'
import { useApi } from '../../api/queries.ts'
import { repositoryText } from '../../text/repositories.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Section } from '../../ui/page.tsx'
import { useRepository } from './repository-context.ts'

const text = repositoryText.settings

type Row = ClientAnswer<typeof readEffectivePolicy>['body']['rules'][number]

/** Every rule of policies that holds here, with the project it stands in. */
export function EffectivePolicy() {
  const { repository } = useRepository()
  const read = useApi(readEffectivePolicy, { params: { repository: repository.name } })
  return (
    <Section title={text.policy} lead={text.policyLead}>
      <DataTable
        label={text.policy}
        columns={columns}
        rows={read.data?.body.rules ?? []}
        rowKey={({ project, rule }) => `${project} ${rule.name}`}
        isLoading={read.isLoading}
        error={read.error}
        onRetry={() => void read.refetch()}
        empty={<Text size="sm">{text.noPolicy}</Text>}
        height="32rem"
      />
    </Section>
  )
}

/** What the rule demands, as its document says it: `maximumCvss: score 8.9`. */
function demandOf(rule: Row['rule']): string {
  const template = templateNames.find((name) => rule[name] !== undefined)
  if (template === undefined) return ''
  const value: unknown = rule[template]
  if (value === true) return template
  const settings = Object.entries(value as object).map(
    ([name, setting]) =>
      `${name} ${typeof setting === 'object' ? JSON.stringify(setting) : String(setting)}`,
  )
  return `${template}: ${settings.join(', ')}`
}

function coverOf({ repositories, tags, platforms }: Row['rule']): string {
  return [...(repositories ?? []), ...(tags ?? []), ...(platforms ?? [])].join(', ') || text.all
}

const columns: readonly Column<Row>[] = [
  {
    id: 'rule',
    title: text.rule,
    cell: ({ rule }) => (
      <>
        {rule.name}
        {rule.description !== undefined && (
          <Text size="xs" className="berth-quiet">
            <ForeignText text={rule.description} max={160} />
          </Text>
        )}
      </>
    ),
  },
  {
    id: 'demands',
    title: text.demands,
    width: '36%',
    cell: ({ rule }) => (
      <span className="berth-mono">
        <ForeignText text={demandOf(rule)} max={240} />
      </span>
    ),
  },
  {
    id: 'mode',
    title: text.mode,
    cell: ({ rule }) => (
      <Badge variant="default" radius="sm" tt="none">
        {text.modes[rule.mode]}
      </Badge>
    ),
  },
  { id: 'on', title: text.on, cell: ({ rule }) => rule.on.map((on) => text.ons[on]).join(', ') },
  {
    id: 'covers',
    title: text.covers,
    cell: ({ rule }) => <ForeignText text={coverOf(rule)} max={160} />,
  },
  {
    id: 'stands',
    title: text.stands,
    cell: ({ project }) =>
      project === '' ? (
        text.instance
      ) : (
        <PageLink to="/projects/$project/policy" params={{ project }}>
          {project}
        </PageLink>
      ),
  },
]
