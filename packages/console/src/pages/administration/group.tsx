import { deleteGroup, readGroup, updateGroup } from '@berth/api/groups.ts'
import { Box, Button, SimpleGrid, Stack, TextInput } from '@mantine/core'
import { useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { useApi, useApiAction } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { peopleText } from '../../text/people.ts'
import { useApiForm } from '../../ui/api-form.ts'
import { Confirm } from '../../ui/confirm.tsx'
import { KeyValues } from '../../ui/key-values.tsx'
import { PageLink } from '../../ui/link.tsx'
import { notifyDone } from '../../ui/notify.ts'
import { Page, Section } from '../../ui/page.tsx'
import { Show } from '../../ui/states.tsx'
import { FormEnd } from '../../ui/form-end.tsx'
import { GroupMembers } from './group-members.tsx'
import { type InstanceRole, RoleField } from './role-field.tsx'

const text = peopleText.group

export default function Group() {
  const { group: name = '' } = useParams({ strict: false })
  const mayManage = useMay('manageUsers')
  const group = useApi(readGroup, { params: { group: name } })
  const remove = useApiAction(deleteGroup)
  const navigate = useNavigate()
  const [isAsked, setAsked] = useState(false)
  return (
    <Page
      title={name}
      above={<PageLink to="/administration/groups">{text.above}</PageLink>}
      actions={
        mayManage &&
        group.data && (
          <Button color="red.9" onClick={() => setAsked(true)}>
            {peopleText.delete}
          </Button>
        )
      }
    >
      <Show of={group}>
        {({ body, version }) => (
          <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
            <GroupMembers group={name} mayManage={mayManage} isLocal={body.source === 'local'} />
            {mayManage ? (
              <Details key={version} name={name} role={body.role} version={version} />
            ) : (
              <Section title={text.details}>
                <Box className="berth-panel" p="md">
                  <KeyValues
                    items={[
                      [peopleText.role, peopleText.roles[body.role]],
                      [peopleText.source, peopleText.sources(body.source)],
                    ]}
                  />
                </Box>
              </Section>
            )}
          </SimpleGrid>
        )}
      </Show>
      <Confirm
        isOpen={isAsked}
        title={text.deleteTitle(name)}
        typed={name}
        action={peopleText.delete}
        onConfirm={async () => {
          await remove.mutateAsync({ params: { group: name } })
          notifyDone(text.deleted(name))
          await navigate({ to: '/administration/groups' })
        }}
        onClose={() => setAsked(false)}
      >
        {text.deleteLead}
      </Confirm>
    </Page>
  )
}

function Details({
  name,
  role,
  version,
}: {
  name: string
  role: InstanceRole
  version: number | undefined
}) {
  const update = useApiAction(updateGroup)
  const navigate = useNavigate()
  const { form, fault, isSending, onSubmit } = useApiForm({
    schema: updateGroup.body,
    initial: { name, role },
    send: async (body) => {
      await update.mutateAsync({ params: { group: name }, body, ifMatch: version })
      notifyDone(peopleText.user.saved)
      const renamed = body.name ?? name
      if (renamed !== name) {
        await navigate({ to: '/administration/groups/$group', params: { group: renamed } })
      }
    },
  })
  return (
    <Section title={text.rename}>
      <form onSubmit={onSubmit} noValidate className="berth-panel">
        <Stack p="md">
          <TextInput label={peopleText.name} {...form.getInputProps('name')} />
          <RoleField
            value={form.values.role}
            onChange={(value) => form.setFieldValue('role', value)}
            error={form.errors['role']}
          />
          <FormEnd fault={fault} action={peopleText.user.save} isSending={isSending} />
        </Stack>
      </form>
    </Section>
  )
}
