import type { ClientAnswer } from '@berth/api/client.ts'
import {
  createImmutabilityRule,
  createInstanceImmutabilityRule,
  updateImmutabilityRule,
  updateInstanceImmutabilityRule,
  type listImmutabilityRules,
} from '@berth/api/immutability.ts'
import { Modal, NativeSelect, Stack, TextInput } from '@mantine/core'
import { immutabilityText as text } from '../text/immutability.ts'
import { uiText } from '../text/ui.ts'
import { useApiForm } from '../ui/api-form.ts'
import { FormEnd } from '../ui/form-end.tsx'
import { notifyDone } from '../ui/notify.ts'
import { patternOf } from './robot-form.tsx'
import { type Place, useTwinAction } from './twin.ts'

export type Rule = ClientAnswer<typeof listImmutabilityRules>['body']['items'][number]

const creating = { ofProject: createImmutabilityRule, ofInstance: createInstanceImmutabilityRule }
const updating = { ofProject: updateImmutabilityRule, ofInstance: updateInstanceImmutabilityRule }

type Props = {
  readonly project: Place
  /** The one that is changed; `undefined`: a new one. */
  readonly rule: Rule | undefined
  readonly onClose: () => void
}

/** The dialog in which a rule is made or changed. */
export function ImmutabilityForm({ isOpen, ...props }: Props & { isOpen: boolean }) {
  return (
    <Modal
      opened={isOpen}
      onClose={props.onClose}
      title={props.rule ? text.changeTitle : text.create}
    >
      <Fields {...props} />
    </Modal>
  )
}

function Fields({ project, rule, onClose }: Props) {
  const create = useTwinAction(creating, project)
  const update = useTwinAction(updating, project)
  const { form, fault, isSending, onSubmit } = useApiForm({
    schema: createImmutabilityRule.body,
    initial: {
      effect: rule?.effect ?? 'immutable',
      repositories: rule?.repositories ?? patternOf(project),
      tags: rule?.tags ?? '',
    },
    send: async (body) => {
      if (rule) await update.run({ params: { rule: rule.id }, body })
      else await create.run({ body })
      notifyDone(text.saved)
      onClose()
    },
  })
  return (
    <form onSubmit={onSubmit} noValidate>
      <Stack>
        <NativeSelect
          label={text.effect}
          description={text.effectHint}
          data={Object.entries(text.effects).map(([value, label]) => ({ value, label }))}
          {...form.getInputProps('effect')}
        />
        {(['repositories', 'tags'] as const).map((name) => (
          <TextInput
            key={name}
            label={text[name]}
            description={text.globHint}
            required
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            maxLength={256}
            {...form.getInputProps(name)}
          />
        ))}
        <FormEnd
          fault={fault}
          action={rule ? uiText.save : text.create}
          isSending={isSending}
          onCancel={onClose}
        />
      </Stack>
    </form>
  )
}
