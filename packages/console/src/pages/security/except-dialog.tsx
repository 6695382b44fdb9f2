import {
  createInstancePolicyException,
  createPolicyException,
  listInstancePolicyExceptions,
  listPolicyExceptions,
} from '@berth/api/policy-exceptions.ts'
import { Button, Group, Modal, Stack, Textarea, TextInput } from '@mantine/core'
import { useApiAction } from '../../api/queries.ts'
import { securityText } from '../../text/security.ts'
import { useApiForm } from '../../ui/api-form.ts'
import { dayIn, endOfDay } from '../../ui/day.ts'
import { FormEnd } from '../../ui/form-end.tsx'
import { notifyDone } from '../../ui/notify.ts'
import { type Scope, scoped, scopeName } from './scope.tsx'

const text = securityText.exceptions
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
      endsAt: dayIn(30),
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
            min={dayIn(0)}
            {...field('endsAt')}
          />
          {presets.map((days) => (
            <Button
              key={days}
              variant="default"
              onClick={() => form.setFieldValue('endsAt', dayIn(days))}
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

function bodyOf(fields: Fields): unknown {
  const { repositories, reason, endsAt } = fields
  const given = Object.fromEntries(
    (['rule', 'vulnerability', 'package'] as const)
      .map((name) => [name, fields[name].trim()] as const)
      .filter(([, value]) => value !== ''),
  )
  return {
    ...given,
    repositories: repositories.trim(),
    reason,
    endsAt: endOfDay(endsAt),
  }
}
