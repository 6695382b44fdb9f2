import { createOwnKey } from '@berth/api/api-keys.ts'
import { Checkbox, Modal, NativeSelect, Stack, Text, Textarea, TextInput } from '@mantine/core'
import type * as z from 'zod'
import { useApiAction } from '../../api/queries.ts'
import { keysText as text } from '../../text/profile.ts'
import { useApiForm } from '../../ui/api-form.ts'
import { FormEnd } from '../../ui/form-end.tsx'
import { linesOf } from '../../ui/text-lines.ts'

type Scope = keyof typeof text.scopes
type Action = keyof typeof text.actions
type Created = z.output<typeof createOwnKey.answer>

const pushing: readonly Action[] = ['pull', 'push', 'createTag', 'moveTag']
const dayMs = 86_400_000

/** Makes a key; it never does more than its user may, so nothing has to be asked about that. */
export function KeyForm({
  isOpen,
  onClose,
  onCreated,
}: {
  isOpen: boolean
  onClose: () => void
  onCreated: (created: Created) => void
}) {
  return (
    <Modal opened={isOpen} onClose={onClose} title={text.createTitle} closeOnClickOutside={false}>
      <Fields onClose={onClose} onCreated={onCreated} />
    </Modal>
  )
}

type Values = {
  name: string
  scope: Scope
  actions: Action[]
  repositories: string
  expiresAt: keyof typeof text.lifetimes
}

function Fields({
  onClose,
  onCreated,
}: {
  onClose: () => void
  onCreated: (created: Created) => void
}) {
  const create = useApiAction(createOwnKey)
  const initial: Values = {
    name: '',
    scope: 'push',
    actions: ['pull'],
    repositories: '',
    expiresAt: '90',
  }
  const { form, fault, isSending, onSubmit } = useApiForm({
    schema: createOwnKey.body,
    initial,
    toBody: ({ name, scope, actions, repositories, expiresAt }) => ({
      name,
      actions: actionsOf(scope, actions),
      repositories: patternsOf(repositories),
      expiresAt:
        expiresAt === 'never'
          ? null
          : new Date(Date.now() + Number(expiresAt) * dayMs).toISOString(),
    }),
    send: async (body) => onCreated((await create.mutateAsync({ body })).body),
  })
  const { scope, actions, expiresAt } = form.values
  return (
    <form noValidate onSubmit={onSubmit}>
      <Stack>
        <TextInput
          label={text.name}
          description={text.nameHint}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={64}
          data-autofocus
          {...form.getInputProps('name')}
        />
        <NativeSelect
          label={text.scope}
          data={Object.entries(text.scopes).map(([value, label]) => ({ value, label }))}
          {...form.getInputProps('scope')}
        />
        {scope === 'chosen' && (
          <Checkbox.Group
            label={text.scopes.chosen}
            value={actions}
            onChange={(chosen) => form.setFieldValue('actions', chosen)}
            error={actions.length === 0 ? text.actionsMissing : form.errors['actions']}
          >
            <Stack gap="xs" mt={4}>
              {Object.entries(text.actions).map(([value, label]) => (
                <Checkbox key={value} value={value} label={label} />
              ))}
            </Stack>
          </Checkbox.Group>
        )}
        <Textarea
          label={text.repositories}
          description={text.repositoriesHint}
          autosize
          minRows={2}
          maxRows={8}
          spellCheck={false}
          autoCapitalize="none"
          {...form.getInputProps('repositories')}
        />
        <NativeSelect
          label={text.end}
          data={Object.entries(text.lifetimes).map(([value, label]) => ({ value, label }))}
          {...form.getInputProps('expiresAt')}
        />
        {expiresAt === 'never' && (
          <Text size="sm" className="berth-quiet">
            {text.neverWarning}
          </Text>
        )}
        <FormEnd fault={fault} action={text.create} isSending={isSending} onCancel={onClose} />
      </Stack>
    </form>
  )
}

/** `null`: all that the user may. */
function actionsOf(scope: Scope, chosen: readonly Action[]): readonly Action[] | null {
  switch (scope) {
    case 'all':
      return null
    case 'pull':
      return ['pull']
    case 'push':
      return pushing
    case 'chosen':
      return chosen
  }
}

/** `null`: wherever the user may. */
function patternsOf(text: string): string[] | null {
  const lines = linesOf(text)
  return lines.length === 0 ? null : lines
}
