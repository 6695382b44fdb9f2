import {
  listInstanceVexStatements,
  listVexStatements,
  revokeInstanceVexStatement,
  revokeVexStatement,
} from '@berth/api/vex.ts'
import { Button, Stack, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { type ItemOf, useApiAction } from '../../api/queries.ts'
import { securityText } from '../../text/security.ts'
import { Badge } from '../../ui/badge.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { notifyDone } from '../../ui/notify.ts'
import { Ago } from '../../ui/time.tsx'
import { RepositoryLink, VulnerabilityLink } from './finding-cells.tsx'
import { type Scope, scoped, scopeName } from './scope.tsx'

export type Statement = ItemOf<typeof listVexStatements>
const text = securityText.statements
const { columns: heads } = securityText
const pair = { project: revokeVexStatement, instance: revokeInstanceVexStatement }

/** What was said of vulnerabilities, with the way to take it back. */
export function StatementTable({
  scope,
  mayRevoke,
  ...table
}: {
  scope: Scope
  mayRevoke: boolean
  rows: readonly Statement[]
  empty: ReactNode
  isLoading?: boolean
  error?: Error | null
  onRetry?: () => void
  more?: () => void
  hasMore?: boolean
}) {
  const [revoking, setRevoking] = useState<Statement>()
  const owner = revoking?.project ?? scope
  const revoke = useApiAction(scoped(owner, pair).route, {
    changes: [listVexStatements, listInstanceVexStatements],
    onDone: () => notifyDone(text.revokedDone),
  })
  const columns: readonly Column<Statement>[] = [
    {
      id: 'vulnerability',
      title: heads.vulnerability,
      cell: ({ vulnerability }) => (
        <VulnerabilityLink vulnerability={vulnerability} scope={scope} />
      ),
    },
    { id: 'status', title: heads.status, cell: (row) => <Status statement={row} /> },
    { id: 'holds', title: heads.scope, cell: (row) => <Holds statement={row} /> },
    { id: 'said', title: heads.said, width: '30%', cell: (row) => <Said statement={row} /> },
    {
      id: 'author',
      title: heads.author,
      cell: ({ author, source }) => (
        <span>
          <ForeignText text={author} max={60} /> <Quiet>{text.sources[source]}</Quiet>
        </span>
      ),
    },
    { id: 'at', title: heads.at, cell: ({ createdAt }) => <Ago at={createdAt} /> },
    ...(mayRevoke
      ? [
          {
            id: 'actions',
            title: heads.actions,
            cell: (row: Statement) =>
              row.revokedAt === null &&
              row.source !== 'attestation' && (
                <Button size="compact-sm" variant="default" onClick={() => setRevoking(row)}>
                  {text.revoke}
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
        isOpen={revoking !== undefined}
        title={text.revokeTitle}
        action={text.revoke}
        onConfirm={() =>
          revoke.mutateAsync(scoped(owner, pair, { params: { statement: revoking?.id } }).request)
        }
        onClose={() => setRevoking(undefined)}
      >
        <Stack gap="xs">
          {revoking && (
            <Text size="sm" fw={600}>
              <ForeignText text={revoking.vulnerability} max={100} />
            </Text>
          )}
          <Text size="sm">{text.revokeText}</Text>
        </Stack>
      </Confirm>
    </>
  )
}

function Quiet({ children }: { children: ReactNode }) {
  return (
    <Text span size="xs" className="berth-quiet">
      {children}
    </Text>
  )
}

function Status({ statement: { status, revokedAt, revokedBy } }: { statement: Statement }) {
  return (
    <Stack gap={2} align="flex-start">
      <Badge color="plain">{text.statuses[status]}</Badge>
      {revokedAt !== null && (
        <Quiet>
          {revokedBy === null ? text.revoked : text.revokedBy(revokedBy)} · <Ago at={revokedAt} />
        </Quiet>
      )}
    </Stack>
  )
}

function Holds({ statement }: { statement: Statement }) {
  const { project, repository, image, package: name } = statement
  return (
    <Stack gap={2} align="flex-start">
      <ForeignText text={name ?? securityText.everyPackage} max={120} />
      {repository === null ? (
        <Quiet>
          {securityText.columns.project}: {scopeName(project)}
        </Quiet>
      ) : (
        <RepositoryLink repository={repository} />
      )}
      {image !== null && <Quiet>{image.slice(0, 19)}</Quiet>}
    </Stack>
  )
}

function Said({ statement: { justification, statement } }: { statement: Statement }) {
  const known: Readonly<Record<string, string>> = text.justifications
  return (
    <Stack gap={2} align="flex-start">
      {justification !== null && (
        <ForeignText text={known[justification] ?? justification} max={120} />
      )}
      {statement !== null && <ForeignText text={statement} max={200} />}
    </Stack>
  )
}
