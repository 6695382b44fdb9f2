import { addGroupMember, listGroupMembers, removeGroupMember } from '@berth/api/groups.ts'
import { listUsers, userName } from '@berth/api/users.ts'
import { Autocomplete, Button, Group, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useMemo, useState } from 'react'
import { type ItemOf, useApi, useApiAction, useApiPages } from '../../api/queries.ts'
import { peopleText } from '../../text/people.ts'
import { uiText } from '../../text/ui.ts'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { PageLink } from '../../ui/link.tsx'
import { notifyDone, notifyFault } from '../../ui/notify.ts'
import { notifyUndoable } from '../../ui/notify-undoable.tsx'
import { Section } from '../../ui/page.tsx'
import { Nothing } from '../../ui/states.tsx'
import { Ago } from '../../ui/time.tsx'

const text = peopleText.group
type Member = ItemOf<typeof listGroupMembers>

/** Who is in a group; where Berth keeps them, people are added and taken out here. */
export function GroupMembers({
  group,
  mayManage,
  isLocal,
}: {
  group: string
  mayManage: boolean
  isLocal: boolean
}) {
  const members = useApiPages(listGroupMembers, { params: { group } })
  const add = useApiAction(addGroupMember)
  const remove = useApiAction(removeGroupMember)
  const mayChange = mayManage && isLocal
  const columns = useMemo<Column<Member>[]>(() => {
    const putBack = async (name: string) => {
      try {
        await add.mutateAsync({ params: { group, user: name } })
        notifyDone(text.added(name))
      } catch (error) {
        notifyFault(error)
      }
    }
    const takeOut = async (name: string) => {
      try {
        await remove.mutateAsync({ params: { group, user: name } })
        notifyUndoable(`removed ${name}`, text.removed(name), () => void putBack(name))
      } catch (error) {
        notifyFault(error)
      }
    }
    return [
      {
        id: 'name',
        title: peopleText.name,
        cell: ({ name }) => (
          <PageLink to="/administration/users/$user" params={{ user: name }}>
            {name}
          </PageLink>
        ),
      },
      {
        id: 'displayName',
        title: peopleText.displayName,
        cell: ({ displayName }) => displayName !== null && <ForeignText text={displayName} />,
      },
      { id: 'since', title: text.since, cell: ({ addedAt }) => <Ago at={addedAt} /> },
      {
        id: 'actions',
        title: peopleText.actions,
        align: 'end',
        cell: ({ name }) =>
          mayChange && (
            <Button
              size="compact-xs"
              variant="default"
              aria-label={`${text.remove}: ${name}`}
              onClick={() => void takeOut(name)}
            >
              {text.remove}
            </Button>
          ),
      },
    ]
  }, [group, mayChange, add, remove])
  return (
    <Section title={text.members}>
      {mayChange && <AddMember group={group} />}
      {!isLocal && (
        <Text size="sm" className="berth-quiet">
          {text.foreign}
        </Text>
      )}
      <DataTable
        label={text.members}
        columns={columns}
        rows={members.items}
        rowKey={({ name }) => name}
        isLoading={members.isLoading}
        error={members.error}
        onRetry={() => void members.refetch()}
        more={members.more}
        hasMore={members.hasNextPage}
        empty={<Nothing>{text.noMembers}</Nothing>}
        height="28rem"
      />
    </Section>
  )
}

function AddMember({ group }: { group: string }) {
  const [name, setName] = useState('')
  const [fault, setFault] = useState<string>()
  const [typed] = useDebouncedValue(name, 200)
  const add = useApiAction(addGroupMember)
  const isName = userName.safeParse(typed).success
  const found = useApi(
    listUsers,
    { query: { limit: 10, ...(isName && { prefix: typed }) } },
    { keepsPrevious: true },
  )
  const submit = async () => {
    const { error } = userName.safeParse(name)
    if (error) {
      setFault(error.issues[0]?.message)
      return
    }
    try {
      await add.mutateAsync({ params: { group, user: name } })
      notifyDone(text.added(name))
      setName('')
      setFault(undefined)
    } catch (refused) {
      setFault(refused instanceof Error ? refused.message : uiText.away)
    }
  }
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void submit()
      }}
    >
      <Group align="flex-end" gap="xs">
        <Autocomplete
          label={text.addUser}
          data={found.data?.body.items.map((user) => user.name) ?? []}
          value={name}
          onChange={setName}
          error={fault}
          flex={1}
        />
        <Button type="submit" loading={add.isPending}>
          {text.add}
        </Button>
      </Group>
    </form>
  )
}
