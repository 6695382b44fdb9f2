import type { explainDecision } from '@berth/api/decisions.ts'
import { Text } from '@mantine/core'
import type * as z from 'zod'
import { imageSecurityText } from '../../text/image-security.ts'
import { Badge } from '../../ui/badge.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatCount } from '../../ui/units.ts'
import classes from './images.module.css'

const text = imageSecurityText.decision
const colors = { enforce: 'red', warn: 'amber', audit: 'gray' } as const

type Answer = z.output<typeof explainDecision.answer>

const dueColumn: Column<Pick<Answer['violations'][number], 'due'>> = {
  id: 'due',
  title: text.due,
  width: 110,
  cell: ({ due }) => <Ago at={due} />,
}

/** The rules that are broken, by what, and what would mend it. */
export function ViolationTable({
  violations,
  more,
}: {
  violations: Answer['violations']
  more: number
}) {
  return (
    <div className={`${classes.fixed} ${classes.wide}`}>
      <Text size="sm" fw={600} mb={4}>
        {text.violations}
      </Text>
      <DataTable
        label={text.violations}
        rows={violations.map((each, position) => ({ ...each, position }))}
        rowKey={({ position }) => String(position)}
        empty={null}
        height="36rem"
        columns={[
          {
            id: 'rule',
            title: text.rule,
            width: '14%',
            cell: ({ rule, project }) => <Rule rule={rule} project={project} />,
          },
          {
            id: 'mode',
            title: text.mode,
            width: 110,
            cell: ({ mode }) => <Badge color={colors[mode]}>{text.modes[mode]}</Badge>,
          },
          {
            id: 'subject',
            title: text.subject,
            width: '22%',
            cell: ({ subject, platform }) => (
              <div style={{ overflowWrap: 'anywhere' }}>
                <ForeignText text={subject} max={200} />
                {platform !== null && (
                  <Text size="xs" className="berth-quiet">
                    <ForeignText text={platform} max={60} />
                  </Text>
                )}
              </div>
            ),
          },
          {
            id: 'found',
            title: text.found,
            width: '14%',
            cell: ({ found }) => <ForeignText text={found} max={200} />,
          },
          {
            id: 'wanted',
            title: text.wanted,
            width: '14%',
            cell: ({ wanted }) => <ForeignText text={wanted} max={200} />,
          },
          {
            id: 'fix',
            title: text.fix,
            cell: ({ fix }) => fix !== null && <ForeignText text={fix} max={300} />,
          },
          ...(violations.some(({ due }) => due !== null) ? [dueColumn] : []),
        ]}
      />
      {more > 0 && <Text size="sm">{text.more(formatCount(more))}</Text>}
    </div>
  )
}

/** What would break a rule but for an exception or a statement. */
export function PardonTable({ pardons }: { pardons: Answer['suppressed'] }) {
  return (
    <div className={`${classes.fixed} ${classes.wide}`}>
      <Text size="sm" fw={600}>
        {text.suppressed}
      </Text>
      <Text size="sm" className="berth-quiet" mb={4}>
        {text.suppressedLead}
      </Text>
      <DataTable
        label={text.suppressed}
        rows={pardons.map((each, position) => ({ ...each, position }))}
        rowKey={({ position }) => String(position)}
        empty={null}
        height="24rem"
        columns={[
          { id: 'rule', title: text.rule, cell: ({ rule }) => <ForeignText text={rule} /> },
          {
            id: 'subject',
            title: text.subject,
            width: '26%',
            cell: ({ subject }) => <ForeignText text={subject} max={200} />,
          },
          { id: 'by', title: text.byTitle, cell: ({ by }) => text.by[by] },
          {
            id: 'author',
            title: text.author,
            cell: ({ author }) => <ForeignText text={author} max={100} />,
          },
          {
            id: 'reason',
            title: text.reason,
            width: '26%',
            cell: ({ reason }) => <ForeignText text={reason} max={300} />,
          },
          { id: 'ends', title: text.ends, width: 110, cell: ({ endsAt }) => <Ago at={endsAt} /> },
        ]}
      />
    </div>
  )
}

function Rule({ rule, project }: { rule: string; project: string }) {
  return (
    <div style={{ overflowWrap: 'anywhere' }}>
      <ForeignText text={rule} max={100} />
      <Text size="xs" className="berth-quiet">
        {text.of(project)}
      </Text>
    </div>
  )
}
