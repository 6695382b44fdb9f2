import {
  endInstancePolicyException,
  endPolicyException,
  listInstancePolicyExceptions,
  listPolicyExceptions,
} from '@berth/api/policy-exceptions.ts'
import { Button, Group, Stack, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { type ItemOf, useApiAction } from '../../api/queries.ts'
import { securityText } from '../../text/security.ts'
import { Badge } from '../../ui/badge.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { notifyDone } from '../../ui/notify.ts'
import { Ago } from '../../ui/time.tsx'
import { VulnerabilityLink } from './finding-cells.tsx'
import { type Scope, scoped } from './scope.tsx'

export type Exception = ItemOf<typeof listPolicyExceptions>
const text = securityText.exceptions
const { columns: heads } = securityText
const soonMs = 7 * 86_400_000

/** Exceptions, with the way to end those in force. */
export function ExceptionTable({
  scope,
  mayEnd,
  ...table
}: {
  scope: Scope
  mayEnd: boolean
  rows: readonly Exception[]
  empty: ReactNode
  isLoading?: boolean
  error?: Error | null
  onRetry?: () => void
  more?: () => void
  hasMore?: boolean
}) {
  const [ending, setEnding] = useState<Exception>()
  const owner = ending?.project ?? scope
  const pair = { project: endPolicyException, instance: endInstancePolicyException }
  const end = useApiAction(scoped(owner, pair).route, {
    changes: [listPolicyExceptions, listInstancePolicyExceptions],
    onDone: () => notifyDone(text.ended),
  })
  const columns: readonly Column<Exception>[] = [
    { id: 'what', title: heads.scope, cell: (row) => <What exception={row} scope={scope} /> },
    ...(scope === ''
      ? [
          {
            id: 'project',
            title: heads.project,
            cell: ({ project }: Exception) =>
              project === '' ? securityText.instance : <ForeignText text={project} max={80} />,
          },
        ]
      : []),
    {
      id: 'repositories',
      title: heads.repositories,
      cell: ({ repositories }) => <ForeignText text={repositories} max={80} />,
    },
    {
      id: 'reason',
      title: heads.reason,
      width: '30%',
      cell: ({ reason }) => <ForeignText text={reason} max={160} />,
    },
    {
      id: 'author',
      title: heads.author,
      cell: ({ author }) => <ForeignText text={author} max={60} />,
    },
    { id: 'ends', title: heads.ends, cell: (row) => <Ends exception={row} /> },
    ...(mayEnd
      ? [
          {
            id: 'actions',
            title: heads.actions,
            cell: (row: Exception) =>
              isInForce(row) && (
                <Button size="compact-sm" variant="default" onClick={() => setEnding(row)}>
                  {text.end}
                </Button>
              ),
          },
        ]
      : []),
  ]
  return (
    <>
      <DataTable label={text.label} columns={columns} rowKey={({ id }) => id} {...table} />
      <Confirm
        isOpen={ending !== undefined}
        title={text.endTitle}
        action={text.end}
        onConfirm={() =>
          end.mutateAsync(scoped(owner, pair, { params: { exception: ending?.id } }).request)
        }
        onClose={() => setEnding(undefined)}
      >
        <Stack gap="xs">
          {ending && <What exception={ending} scope={scope} />}
          <Text size="sm">{text.endText}</Text>
        </Stack>
      </Confirm>
    </>
  )
}

function isInForce({ endsAt, endedAt }: Exception): boolean {
  return endedAt === null && Date.parse(endsAt) > Date.now()
}

function What({ exception, scope }: { exception: Exception; scope: Scope }) {
  const { rule, vulnerability, package: name } = exception
  return (
    <Group gap={6} wrap="wrap" display="inline-flex">
      {vulnerability !== null && <VulnerabilityLink vulnerability={vulnerability} scope={scope} />}
      {name !== null && <ForeignText text={name} max={80} />}
      <Text span size="sm" className={rule === null ? 'berth-quiet' : ''}>
        {rule === null ? text.anyRule : <ForeignText text={text.what(rule)} max={80} />}
      </Text>
    </Group>
  )
}

function Ends({ exception }: { exception: Exception }) {
  const { endsAt, endedAt, endedBy } = exception
  if (endedAt !== null) {
    return (
      <span>
        <Ago at={endedAt} /> · {text.endedBy(endedBy ?? '')}
      </span>
    )
  }
  const left = Date.parse(endsAt) - Date.now()
  return (
    <Group gap={6} wrap="wrap" display="inline-flex">
      <Ago at={endsAt} />
      {left <= 0 ? (
        <Badge color="plain">{text.over}</Badge>
      ) : (
        left < soonMs && <Badge color="amber">{text.soon}</Badge>
      )}
    </Group>
  )
}
