import {
  createInstancePolicyException,
  createPolicyException,
  listInstancePolicyExceptions,
  listPolicyExceptions,
} from '@berth/api/policy-exceptions.ts'
import { Button, Group, Modal, Stack, Textarea, TextInput } from '@mantine/core'
import { useApiAction } from '../../api/queries.ts'
import { securityText } from '../../text/security.ts'
import { uiText } from '../../text/ui.ts'
import { useApiForm } from '../../ui/api-form.ts'
import { FormEnd } from '../../ui/form-end.tsx'
import { notifyDone } from '../../ui/notify.ts'
import { type Scope, scoped, scopeName } from './scope.tsx'

const text = securityText.exceptions
const dayMs = 86_400_000
const presets = [7, 30, 90]

type Fields = {
  rule: string
  vulnerability: string
  package: string
  repositories: string
  reason: string
  endsAt: string
}

/** Lets something pass until a day. */
export function ExceptDialog({
  scope,
  known = {},
  isOpen,
  onClose,
}: {
  scope: Scope
  /** What is clear already. */
  known?: Partial<Fields>
  isOpen: boolean
  onClose: () => void
}) {
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title={text.createFor(scopeName(scope))}
      closeButtonProps={{ 'aria-label': uiText.close }}
      closeOnClickOutside={false}
      size="lg"
    >
      <ExceptForm scope={scope} known={known} onClose={onClose} />
    </Modal>
  )
}

function ExceptForm({
  scope,
  known,
  onClose,
}: {
  scope: Scope
  known: Partial<Fields>
  onClose: () => void
}) {
  const { route } = scoped(scope, {
    project: createPolicyException,
    instance: createInstancePolicyException,
  })
  const create = useApiAction(route, {
    changes: [listPolicyExceptions, listInstancePolicyExceptions],
  })
  const { form, fault, isSending, onSubmit } = useApiForm({
    schema: createPolicyException.body,
    initial: {
      rule: '',
      vulnerability: '',
      package: '',
      repositories: '**',
      reason: '',
      endsAt: dayText(30),
      ...known,
    },
    toBody: bodyOf,
    send: (body) =>
      create.mutateAsync(
        scoped(
          scope,
          { project: createPolicyException, instance: createInstancePolicyException },
          { body },
        ).request,
      ),
    onDone: () => {
      notifyDone(text.created)
      onClose()
    },
  })
  const field = (name: keyof Fields) => form.getInputProps(name)
  return (
    <form onSubmit={onSubmit} noValidate>
      <Stack gap="sm">
        <TextInput
          label={text.rule}
          description={text.ruleHint}
          {...field('rule')}
          data-autofocus
        />
        <TextInput
          label={text.vulnerability}
          description={text.vulnerabilityHint}
          {...field('vulnerability')}
        />
        <TextInput label={text.package} description={text.packageHint} {...field('package')} />
        <TextInput
          label={text.repositories}
          description={text.repositoriesHint}
          required
          {...field('repositories')}
        />
        <Textarea
          label={text.reason}
          description={text.reasonHint}
          required
          autosize
          minRows={2}
          maxRows={8}
          {...field('reason')}
        />
        <Group align="flex-end" gap="xs">
          <TextInput
            type="date"
            label={text.until}
            description={text.untilHint}
            required
            min={dayText(0)}
            {...field('endsAt')}
          />
          {presets.map((days) => (
            <Button
              key={days}
              variant="default"
              onClick={() => form.setFieldValue('endsAt', dayText(days))}
            >
              {securityText.days(days)}
            </Button>
          ))}
        </Group>
        <FormEnd fault={fault} action={text.create} isSending={isSending} onCancel={onClose} />
      </Stack>
    </form>
  )
}

/** The day so many days from now, as a date field writes it, in the time zone of whoever looks. */
function dayText(days: number): string {
  const day = new Date(Date.now() + days * dayMs)
  const [month, date] = [day.getMonth() + 1, day.getDate()].map((part) =>
    String(part).padStart(2, '0'),
  )
  return `${day.getFullYear()}-${month}-${date}`
}

function bodyOf(fields: Fields): unknown {
  const { repositories, reason, endsAt } = fields
  const end = new Date(`${endsAt}T23:59:59`)
  const given = Object.fromEntries(
    (['rule', 'vulnerability', 'package'] as const)
      .map((name) => [name, fields[name].trim()] as const)
      .filter(([, value]) => value !== ''),
  )
  return {
    ...given,
    repositories: repositories.trim(),
    reason,
    endsAt: Number.isNaN(end.getTime()) ? endsAt : end.toISOString(),
  }
}
