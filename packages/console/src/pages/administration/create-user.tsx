import { createUser } from '@berth/api/users.ts'
import { Modal, Stack, TextInput } from '@mantine/core'
import { useApiAction } from '../../api/queries.ts'
import { peopleText } from '../../text/people.ts'
import { useApiForm } from '../../ui/api-form.ts'
import { notifyDone } from '../../ui/notify.ts'
import { FormEnd } from '../../ui/form-end.tsx'
import { type InstanceRole, RoleField } from './role-field.tsx'
import { PasswordField } from '../../ui/password-field.tsx'

const text = peopleText.users
const initial = {
  name: '',
  password: '',
  role: 'none' as InstanceRole,
  displayName: '',
  email: '',
}

/** The dialog in which a user is made. */
export function CreateUser({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const action = useApiAction(createUser)
  const { form, fault, isSending, onSubmit, reset } = useApiForm({
    schema: createUser.body,
    initial,
    toBody: ({ displayName, email, ...rest }) => ({
      ...rest,
      ...(displayName !== '' && { displayName }),
      ...(email !== '' && { email }),
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
            autoComplete="off"
            spellCheck={false}
            data-autofocus
            {...form.getInputProps('name')}
          />
          <PasswordField
            label={peopleText.password}
            description={peopleText.passwordHint}
            required
            autoComplete="new-password"
            {...form.getInputProps('password')}
          />
          <TextInput label={peopleText.displayName} {...form.getInputProps('displayName')} />
          <TextInput label={peopleText.email} type="email" {...form.getInputProps('email')} />
          <RoleField
            value={form.values.role}
            onChange={(role) => form.setFieldValue('role', role)}
            error={form.errors['role']}
          />
          <FormEnd fault={fault} action={text.create} isSending={isSending} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  )
}
