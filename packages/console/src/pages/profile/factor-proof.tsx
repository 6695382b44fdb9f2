import { disableSecondFactor, renewRecoveryCodes } from '@berth/api/second-factor.ts'
import { Modal, Stack, Text, TextInput } from '@mantine/core'
import type * as z from 'zod'
import { useApiAction } from '../../api/queries.ts'
import { secondFactorText as text } from '../../text/profile.ts'
import { useApiForm } from '../../ui/api-form.ts'
import { FormEnd } from '../../ui/form-end.tsx'
import { notifyDone } from '../../ui/notify.ts'
import { besideField } from './credential-faults.ts'
import { PasswordField } from '../../ui/password-field.tsx'

type Proof = z.input<typeof disableSecondFactor.body>
type DialogProps = { isOpen: boolean; onClose: () => void }

/** Switches the second factor off. */
export function DisableFactor({ isOpen, onClose }: DialogProps) {
  const disable = useApiAction(disableSecondFactor)
  return (
    <ProofDialog
      isOpen={isOpen}
      onClose={onClose}
      title={text.disableTitle}
      lead={text.disableLead}
      action={text.disable}
      color="red.9"
      send={async (body) => {
        await disable.mutateAsync({ body })
        notifyDone(text.disabled)
      }}
    />
  )
}

/** Makes new recovery codes. */
export function RenewCodes({
  isOpen,
  onClose,
  onRenewed,
}: DialogProps & { onRenewed: (codes: readonly string[]) => void }) {
  const renew = useApiAction(renewRecoveryCodes)
  return (
    <ProofDialog
      isOpen={isOpen}
      onClose={onClose}
      title={text.renewTitle}
      lead={text.renewLead}
      action={text.renew}
      send={async (body) => onRenewed((await renew.mutateAsync({ body })).body.recoveryCodes)}
    />
  )
}

/** Asks for the password and a code before something that weakens the account. */
function ProofDialog({
  isOpen,
  onClose,
  title,
  lead,
  action,
  color,
  send,
}: DialogProps & {
  title: string
  lead: string
  action: string
  color?: string
  send: (body: Proof) => Promise<void>
}) {
  return (
    <Modal opened={isOpen} onClose={onClose} title={title}>
      <ProofFields onClose={onClose} lead={lead} action={action} color={color} send={send} />
    </Modal>
  )
}

function ProofFields({
  onClose,
  lead,
  action,
  color,
  send,
}: {
  onClose: () => void
  lead: string
  action: string
  color: string | undefined
  send: (body: Proof) => Promise<void>
}) {
  const { form, fault, isSending, onSubmit } = useApiForm({
    schema: disableSecondFactor.body,
    initial: { password: '', code: '' },
    toBody: ({ password, code }) => ({ password, code: code.replaceAll(/\s/g, '') }),
    send: (body) =>
      send(body).catch((error: unknown) => {
        throw besideField(error, { current: 'password', code: 'code' })
      }),
    onDone: onClose,
  })
  return (
    <form noValidate onSubmit={onSubmit}>
      <Stack>
        <Text size="sm">{lead}</Text>
        <PasswordField
          label={text.password}
          autoComplete="current-password"
          maxLength={256}
          data-autofocus
          {...form.getInputProps('password')}
        />
        <TextInput
          label={text.proofCode}
          autoComplete="one-time-code"
          maxLength={64}
          {...form.getInputProps('code')}
        />
        <FormEnd
          fault={fault}
          action={action}
          isSending={isSending}
          onCancel={onClose}
          color={color}
        />
      </Stack>
    </form>
  )
}
