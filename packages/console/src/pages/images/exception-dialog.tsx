import { createPolicyException } from '@berth/api/policy-exceptions.ts'
import { Modal, NativeSelect, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { imageSecurityText } from '../../text/image-security.ts'
import { useApiForm } from '../../ui/api-form.ts'
import { dayIn, endOfDay } from '../../ui/day.ts'
import { visible } from '../../ui/foreign-text.tsx'
import { FormEnd } from '../../ui/form-end.tsx'
import { notifyDone } from '../../ui/notify.ts'
import type { Finding } from './finding-key.ts'
import { useImage } from './image-context.ts'
import { useJudging } from './judgements.ts'

const text = imageSecurityText.exceptionDialog
const daysAtFirst = 30

type Props = { readonly finding: Finding; readonly isOpen: boolean; readonly onClose: () => void }

/** Lets a finding pass the policy until a day. */
export function ExceptionDialog({ finding, isOpen, onClose }: Props) {
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      closeOnClickOutside={false}
      title={<bdi>{visible(text.title(finding.vulnerability))}</bdi>}
    >
      <ExceptionForm finding={finding} onClose={onClose} />
    </Modal>
  )
}

type Fields = { endsAt: string; reason: string; scope: string; breadth: string }

function ExceptionForm({ finding, onClose }: Omit<Props, 'isOpen'>) {
  const { repository } = useImage()
  const { except } = useJudging()
  const { form, fault, isSending, onSubmit } = useApiForm({
    schema: createPolicyException.body,
    initial: { endsAt: dayIn(daysAtFirst), reason: '', scope: 'repository', breadth: 'name' },
    toBody: (fields: Fields) => bodyOf(fields, finding, repository.name),
    send: except,
    onDone: () => {
      notifyDone(text.done)
      onClose()
    },
  })
  return (
    <form onSubmit={onSubmit} noValidate>
      <Stack gap="sm">
        <Text size="sm">{text.lead(repository.project)}</Text>
        <Textarea
          label={text.reason}
          required
          autosize
          minRows={2}
          maxRows={8}
          data-autofocus
          {...form.getInputProps('reason')}
        />
        <TextInput
          type="date"
          label={text.until}
          required
          min={dayIn(0)}
          {...form.getInputProps('endsAt')}
        />
        <NativeSelect
          label={text.scope}
          data={[
            { value: 'repository', label: text.scopes.repository },
            { value: 'project', label: text.scopes.project(repository.project) },
          ]}
          {...form.getInputProps('scope')}
        />
        <NativeSelect
          label={text.packageScope}
          data={[
            {
              value: 'name',
              label: imageSecurityText.vexDialog.packages.name(finding.package.name),
            },
            { value: 'all', label: imageSecurityText.vexDialog.packages.all },
          ]}
          {...form.getInputProps('breadth')}
        />
        <FormEnd fault={fault} action={text.action} isSending={isSending} onCancel={onClose} />
      </Stack>
    </form>
  )
}

function bodyOf(
  { endsAt, reason, scope, breadth }: Fields,
  { vulnerability, package: found }: Finding,
  repository: string,
) {
  return {
    vulnerability,
    ...(breadth === 'name' && { package: `${found.kind}:${found.name}` }),
    repositories: scope === 'repository' ? repository : '**',
    reason,
    endsAt: endOfDay(endsAt),
  }
}
