import { endSession, endSessions, listSessions } from '@berth/api/sessions.ts'
import { Button, Group } from '@mantine/core'
import { useState } from 'react'
import type * as z from 'zod'
import { useApi, useApiAction } from '../../api/queries.ts'
import { sessionsText as text } from '../../text/profile.ts'
import { Badge } from '../../ui/badge.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ForeignText, visible } from '../../ui/foreign-text.tsx'
import { notifyDone, notifyFault } from '../../ui/notify.ts'
import { Section } from '../../ui/page.tsx'
import { Empty } from '../../ui/states.tsx'
import { Ago } from '../../ui/time.tsx'
import { browserName } from './browser-name.ts'

type ListedSession = z.output<typeof listSessions.answer>['items'][number]

/** Where somebody is signed in, to end what is not theirs. */
export default function Sessions() {
  const sessions = useApi(listSessions, {}, { refreshMs: 60_000 })
  const end = useApiAction(endSession, { onDone: () => notifyDone(text.ended) })
  const endOthers = useApiAction(endSessions, {
    onDone: ({ ended }) => notifyDone(text.endedOthers(ended)),
  })
  const [isAsking, setAsking] = useState(false)
  const items = sessions.data?.body.items ?? []
  const others = items.filter(({ current }) => !current)
  const endOne = ({ id }: ListedSession) =>
    end.mutate({ params: { session: id } }, { onError: notifyFault })
  return (
    <Section
      title={text.title}
      lead={text.lead}
      actions={
        others.length > 0 && (
          <Button variant="default" onClick={() => setAsking(true)}>
            {text.endOthers}
          </Button>
        )
      }
    >
      <DataTable
        label={text.label}
        columns={columnsWith(endOne)}
        rows={items}
        rowKey={({ id }) => id}
        isLoading={sessions.isPending}
        error={sessions.error}
        onRetry={() => void sessions.refetch()}
        empty={<Empty title={text.none}>{text.noneLead}</Empty>}
      />
      <Confirm
        isOpen={isAsking}
        title={text.endOthersTitle}
        action={text.endOthers}
        onConfirm={() => endOthers.mutateAsync({ query: { except: 'current' } })}
        onClose={() => setAsking(false)}
      >
        {text.endOthersLead}
      </Confirm>
    </Section>
  )
}

function columnsWith(onEnd: (session: ListedSession) => void): readonly Column<ListedSession>[] {
  return [
    {
      id: 'browser',
      title: text.browser,
      cell: ({ userAgent, current }) => (
        <Group gap="xs" wrap="nowrap" title={visible(userAgent.slice(0, 300))}>
          <ForeignText text={browserName(userAgent) || text.unknownBrowser} max={60} />
          {current && <Badge color="teal">{text.current}</Badge>}
        </Group>
      ),
    },
    {
      id: 'method',
      title: text.method,
      cell: ({ method }) =>
        method.startsWith('oidc:')
          ? text.provider(method.slice('oidc:'.length))
          : (text.methods[method] ?? method),
    },
    {
      id: 'address',
      title: text.address,
      cell: ({ address }) => <span className="berth-mono">{address}</span>,
    },
    { id: 'begun', title: text.begun, cell: ({ createdAt }) => <Ago at={createdAt} /> },
    { id: 'lastUsed', title: text.lastUsed, cell: ({ lastUsedAt }) => <Ago at={lastUsedAt} /> },
    { id: 'ends', title: text.ends, cell: ({ expiresAt }) => <Ago at={expiresAt} /> },
    {
      id: 'end',
      title: text.end,
      align: 'end',
      cell: (session) =>
        !session.current && (
          <Button
            size="compact-sm"
            variant="default"
            aria-label={visible(
              text.endOne(browserName(session.userAgent) || text.unknownBrowser).slice(0, 200),
            )}
            onClick={() => onEnd(session)}
          >
            {text.end}
          </Button>
        ),
    },
  ]
}
