import type { ClientAnswer } from '@berth/api/client.ts'
import { readEffectivePolicy } from '@berth/api/policies.ts'
import { Group, Text } from '@mantine/core'
import { useApi } from '../../api/queries.ts'
import { RuleBadges } from '../../resources/rule-summary.tsx'
import { summaryOf } from '../../resources/rule-words.ts'
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
    width: '45%',
    cell: ({ rule }) => <ForeignText text={summaryOf(rule)} max={240} />,
  },
  {
    id: 'mode',
    title: text.mode,
    cell: ({ rule }) => (
      <Group gap={6} display="inline-flex">
        <RuleBadges rule={rule} />
      </Group>
    ),
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
