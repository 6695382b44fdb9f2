import { createGroup } from '@berth/api/groups.ts'
import { Modal, Stack, TextInput } from '@mantine/core'
import { useApiAction } from '../../api/queries.ts'
import { peopleText } from '../../text/people.ts'
import { useApiForm } from '../../ui/api-form.ts'
import { notifyDone } from '../../ui/notify.ts'
import { FormEnd } from '../../ui/form-end.tsx'
import { type InstanceRole, RoleField } from './role-field.tsx'

const text = peopleText.groups
const initial = { name: '', role: 'none' as InstanceRole, source: 'local', externalName: '' }

/** The dialog in which a group is made. */
export function CreateGroup({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const action = useApiAction(createGroup)
  const { form, fault, isSending, onSubmit, reset } = useApiForm({
    schema: createGroup.body,
    initial,
    toBody: ({ externalName, ...rest }) => ({
      ...rest,
      ...(externalName !== '' && { externalName }),
    }),
    send: async (body) => {
      await action.mutateAsync({ body })
      notifyDone(text.created(body.name))
    },
    onDone: () => {
      reset()
      onClose()
    },
  })
  return (
    <Modal opened={isOpen} onClose={onClose} title={text.create}>
      <form onSubmit={onSubmit} noValidate>
        <Stack>
          <TextInput
            label={peopleText.name}
            description={peopleText.nameHint}
            required
            data-autofocus
            spellCheck={false}
            {...form.getInputProps('name')}
          />
          <RoleField
            value={form.values.role}
            onChange={(role) => form.setFieldValue('role', role)}
            error={form.errors['role']}
          />
          <TextInput
            label={peopleText.source}
            description={text.sourceHint}
            spellCheck={false}
            {...form.getInputProps('source')}
          />
          {form.values.source !== 'local' && (
            <TextInput
              label={text.externalName}
              description={text.externalHint}
              spellCheck={false}
              {...form.getInputProps('externalName')}
            />
          )}
          <FormEnd fault={fault} action={text.create} isSending={isSending} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  )
}
