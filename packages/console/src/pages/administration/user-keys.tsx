import { listUserKeys, revokeUserKey } from '@berth/api/api-keys.ts'
import { Button } from '@mantine/core'
import { useMemo, useState } from 'react'
import { type ItemOf, useApiAction, useApiPages } from '../../api/queries.ts'
import { peopleText } from '../../text/people.ts'
import { Confirm } from '../../ui/confirm.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { Section } from '../../ui/page.tsx'
import { Nothing } from '../../ui/states.tsx'
import { Ago } from '../../ui/time.tsx'

const text = peopleText.user
type Key = ItemOf<typeof listUserKeys>

/** The API keys of a user. */
export function UserKeys({ user, mayManage }: { user: string; mayManage: boolean }) {
  const keys = useApiPages(listUserKeys, { params: { user } })
  const revoke = useApiAction(revokeUserKey)
  const [asked, setAsked] = useState<Key>()
  const columns = useMemo<Column<Key>[]>(
    () => [
      { id: 'name', title: peopleText.name, cell: ({ name }) => name },
      {
        id: 'used',
        title: text.lastUsed,
        cell: ({ lastUsedAt }) => <Ago at={lastUsedAt} never={text.neverUsed} />,
      },
      { id: 'expires', title: text.expires, cell: ({ expiresAt }) => <Ago at={expiresAt} /> },
      {
        id: 'actions',
        title: peopleText.actions,
        align: 'end',
        cell: (key) =>
          mayManage && (
            <Button
              size="compact-xs"
              variant="default"
              aria-label={`${text.revoke}: ${key.name}`}
              onClick={() => setAsked(key)}
            >
              {text.revoke}
            </Button>
          ),
      },
    ],
    [mayManage],
  )
  return (
    <Section title={text.keys}>
      <DataTable
        label={text.keys}
        columns={columns}
        rows={keys.items}
        rowKey={({ id }) => id}
        isLoading={keys.isLoading}
        error={keys.error}
        more={keys.more}
        hasMore={keys.hasNextPage}
        empty={<Nothing>{text.noKeys}</Nothing>}
        height="20rem"
      />
      <Confirm
        isOpen={asked !== undefined}
        title={text.revokeTitle(asked?.name ?? '')}
        action={text.revoke}
        onConfirm={() => revoke.mutateAsync({ params: { user, key: asked?.id ?? '' } })}
        onClose={() => setAsked(undefined)}
      >
        {text.revokeLead}
      </Confirm>
    </Section>
  )
}
