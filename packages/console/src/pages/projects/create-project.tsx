import { createProject } from '@berth/api/projects.ts'
import { Modal, Stack, TextInput } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useApiAction } from '../../api/queries.ts'
import { projectText as text } from '../../text/projects.ts'
import { useApiForm } from '../../ui/api-form.ts'
import { FormEnd } from '../../ui/form-end.tsx'
import { notifyDone } from '../../ui/notify.ts'
import { VisibilityField, type VisibilityChoice } from './visibility-field.tsx'

/** The dialog in which a project is made; `parent` begins its name. */
export function CreateProject({
  isOpen,
  onClose,
  parent = '',
}: {
  isOpen: boolean
  onClose: () => void
  parent?: string
}) {
  return (
    <Modal opened={isOpen} onClose={onClose} title={parent === '' ? text.create : text.createBelow}>
      <Fields parent={parent} onClose={onClose} />
    </Modal>
  )
}

function Fields({ parent, onClose }: { parent: string; onClose: () => void }) {
  const create = useApiAction(createProject)
  const navigate = useNavigate()
  const initial: { name: string; description: string; visibility: VisibilityChoice } = {
    name: parent === '' ? '' : `${parent}/`,
    description: '',
    visibility: 'inherit',
  }
  const { form, fault, isSending, onSubmit } = useApiForm({
    schema: createProject.body,
    initial,
    toBody: ({ name, description, visibility }) => ({
      name,
      ...(description !== '' && { description }),
      ...(visibility !== 'inherit' && { visibility }),
    }),
    send: async (body) => {
      await create.mutateAsync({ body })
      notifyDone(text.createdOne(body.name))
      onClose()
      await navigate({ to: '/projects/$project', params: { project: body.name } })
    },
  })
  return (
    <form onSubmit={onSubmit} noValidate>
      <Stack>
        <TextInput
          label={text.name}
          description={text.nameHint}
          required
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          data-autofocus
          {...form.getInputProps('name')}
        />
        <TextInput label={text.description} {...form.getInputProps('description')} />
        <VisibilityField
          value={form.values.visibility}
          onChange={(visibility) => form.setFieldValue('visibility', visibility)}
          error={form.errors['visibility']}
        />
        <FormEnd fault={fault} action={text.create} isSending={isSending} onCancel={onClose} />
      </Stack>
    </form>
  )
}
