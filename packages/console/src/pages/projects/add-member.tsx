import { listGroups } from '@berth/api/groups.ts'
import { setMember } from '@berth/api/members.ts'
import { listUsers, userName } from '@berth/api/users.ts'
import { Autocomplete, Button, Group, NativeSelect } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useState } from 'react'
import { useApi, useApiAction } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { projectText } from '../../text/projects.ts'
import { uiText } from '../../text/ui.ts'
import { notifyDone } from '../../ui/notify.ts'
import { type ProjectRole, roleChoices } from './project-role.ts'

const text = projectText.members

/** Gives somebody a role. Who may not list users and groups gives the whole name. */
export function AddMember({ project }: { project: string }) {
  const [kind, setKind] = useState<'user' | 'group'>('user')
  const [name, setName] = useState('')
  const [role, setRole] = useState<ProjectRole>('developer')
  const [fault, setFault] = useState<string>()
  const add = useApiAction(setMember)
  const names = useNames(kind, name)
  const submit = async () => {
    const { error } = userName.safeParse(name)
    if (error) {
      setFault(error.issues[0]?.message)
      return
    }
    try {
      await add.mutateAsync({ params: { project, kind, subject: name }, body: { role } })
      notifyDone(text.added(name, text.roles[role]))
      setName('')
      setFault(undefined)
    } catch (refused) {
      setFault(refused instanceof Error ? refused.message : uiText.away)
    }
  }
  return (
    <form
      noValidate
      aria-label={text.addTitle}
      onSubmit={(event) => {
        event.preventDefault()
        void submit()
      }}
    >
      <Group align="flex-start" gap="xs">
        <NativeSelect
          label={text.kind}
          data={Object.entries(text.kinds).map(([value, label]) => ({ value, label }))}
          value={kind}
          onChange={(event) => setKind(event.currentTarget.value === 'group' ? 'group' : 'user')}
        />
        <Autocomplete
          label={text.addName}
          data={names}
          value={name}
          onChange={setName}
          error={fault}
          autoCapitalize="none"
          spellCheck={false}
          flex="1 1 14rem"
          maw={420}
        />
        <NativeSelect
          label={text.role}
          data={roleChoices}
          value={role}
          onChange={(event) => setRole(event.currentTarget.value as ProjectRole)}
        />
        <Button type="submit" loading={add.isPending} mt={25}>
          {text.add}
        </Button>
      </Group>
    </form>
  )
}

/** Names that begin as it was typed, for those who may list them. */
function useNames(kind: 'user' | 'group', name: string): string[] {
  const mayList = useMay('readUsers')
  const [typed] = useDebouncedValue(name, 200)
  const query = { limit: 10, ...(userName.safeParse(typed).success && { prefix: typed }) }
  const users = useApi(
    listUsers,
    { query },
    { keepsPrevious: true, isEnabled: mayList && kind === 'user' },
  )
  const groups = useApi(
    listGroups,
    { query },
    { keepsPrevious: true, isEnabled: mayList && kind === 'group' },
  )
  const found = kind === 'user' ? users.data : groups.data
  return found?.body.items.map((each) => each.name) ?? []
}
