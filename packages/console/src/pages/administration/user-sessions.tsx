import { endUserSessions, listUserSessions } from '@berth/api/sessions.ts'
import { Button } from '@mantine/core'
import { type ItemOf, useApi, useApiAction } from '../../api/queries.ts'
import { peopleText } from '../../text/people.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { notifyDone, notifyFault } from '../../ui/notify.ts'
import { Section } from '../../ui/page.tsx'
import { Nothing } from '../../ui/states.tsx'
import { Ago } from '../../ui/time.tsx'

const text = peopleText.user
type Session = ItemOf<typeof listUserSessions>

const columns: readonly Column<Session>[] = [
  {
    id: 'device',
    title: text.device,
    cell: ({ userAgent, address }) => (
      <>
        <ForeignText text={userAgent} max={60} /> <span className="berth-quiet">{address}</span>
      </>
    ),
  },
  { id: 'used', title: text.lastUsed, cell: ({ lastUsedAt }) => <Ago at={lastUsedAt} /> },
  { id: 'expires', title: text.expires, cell: ({ expiresAt }) => <Ago at={expiresAt} /> },
]

/** Where a user is signed in. */
export function UserSessions({ user, mayManage }: { user: string; mayManage: boolean }) {
  const sessions = useApi(listUserSessions, { params: { user } })
  const end = useApiAction(endUserSessions)
  const rows = sessions.data?.body.items ?? []
  const endAll = async () => {
    try {
      await end.mutateAsync({ params: { user } })
      notifyDone(text.sessionsEnded)
    } catch (error) {
      notifyFault(error)
    }
  }
  return (
    <Section
      title={text.sessions}
      actions={
        mayManage &&
        rows.length > 0 && (
          <Button size="xs" variant="default" onClick={() => void endAll()} loading={end.isPending}>
            {text.endSessions}
          </Button>
        )
      }
    >
      <DataTable
        label={text.sessions}
        columns={columns}
        rows={rows}
        rowKey={({ id }) => id}
        isLoading={sessions.isLoading}
        error={sessions.error}
        empty={<Nothing>{text.noSessions}</Nothing>}
        height="20rem"
      />
    </Section>
  )
}
