import { type beginSecondFactor, confirmSecondFactor } from '@berth/api/second-factor.ts'
import { Button, Group, Modal, Stack, Text, TextInput, Title } from '@mantine/core'
import type * as z from 'zod'
import { useApiAction } from '../../api/queries.ts'
import { secondFactorText as text } from '../../text/profile.ts'
import { useApiForm } from '../../ui/api-form.ts'
import { Copy, CommandLine } from '../../ui/copy.tsx'
import { FormEnd } from '../../ui/form-end.tsx'

type Begun = z.output<typeof beginSecondFactor.answer>

/** Brings the key into an app, and switches the second factor on with a code of it. */
export function FactorSetUp({
  begun,
  onClose,
  onConfirmed,
}: {
  begun: Begun | undefined
  onClose: () => void
  onConfirmed: (recoveryCodes: readonly string[]) => void
}) {
  return (
    <Modal
      opened={begun !== undefined}
      onClose={onClose}
      title={text.setUpTitle}
      size="lg"
      closeOnClickOutside={false}
    >
      {begun && <Steps begun={begun} onClose={onClose} onConfirmed={onConfirmed} />}
    </Modal>
  )
}

function Steps({
  begun,
  onClose,
  onConfirmed,
}: {
  begun: Begun
  onClose: () => void
  onConfirmed: (recoveryCodes: readonly string[]) => void
}) {
  const confirm = useApiAction(confirmSecondFactor)
  const { form, fault, isSending, onSubmit } = useApiForm({
    schema: confirmSecondFactor.body,
    initial: { code: '' },
    toBody: ({ code }) => ({ code: code.replaceAll(/\s/g, '') }),
    send: async (body) => onConfirmed((await confirm.mutateAsync({ body })).body.recoveryCodes),
  })
  const groups = begun.secret.match(/.{1,4}/g)?.join(' ') ?? begun.secret
  return (
    <form noValidate onSubmit={onSubmit}>
      <Stack>
        <Title order={3} size="h5">
          {text.step1}
        </Title>
        <Text size="sm">{text.step1Lead}</Text>
        <div>
          <Text size="sm" className="berth-quiet">
            {text.secret}
          </Text>
          <Group gap="xs" wrap="nowrap">
            <Text className="berth-mono" size="lg" style={{ overflowWrap: 'anywhere' }}>
              {groups}
            </Text>
            <Copy text={begun.secret} what={text.secret} />
          </Group>
        </div>
        <Button component="a" href={begun.uri} variant="default" style={{ alignSelf: 'start' }}>
          {text.openApp}
        </Button>
        <CommandLine label={text.link} command={begun.uri} />
        <Title order={3} size="h5">
          {text.step2}
        </Title>
        <TextInput
          label={text.code}
          inputMode="numeric"
          autoComplete="one-time-code"
          maxLength={10}
          w={160}
          data-autofocus
          {...form.getInputProps('code')}
        />
        <FormEnd fault={fault} action={text.confirm} isSending={isSending} onCancel={onClose} />
      </Stack>
    </form>
  )
}
