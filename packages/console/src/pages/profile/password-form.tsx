import { readSecondFactor } from '@berth/api/second-factor.ts'
import { changeOwnPassword } from '@berth/api/users.ts'
import { Stack, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useApi, useApiAction } from '../../api/queries.ts'
import { accountText as text } from '../../text/profile.ts'
import { useApiForm } from '../../ui/api-form.ts'
import { FormEnd } from '../../ui/form-end.tsx'
import { notifyDone } from '../../ui/notify.ts'
import { passwordCharactersMin, PasswordStrength } from '../../ui/password-strength.tsx'
import { besideField } from './credential-faults.ts'
import { PasswordField } from '../../ui/password-field.tsx'

/** Changes the own password; whoever has a second factor proves it too. */
export function PasswordForm({ userName }: { userName: string }) {
  const factor = useApi(readSecondFactor, {})
  const change = useApiAction(changeOwnPassword, { changes: [] })
  const [again, setAgain] = useState('')
  const [againFault, setAgainFault] = useState<string>()
  const { form, fault, isSending, onSubmit, reset } = useApiForm({
    schema: changeOwnPassword.body,
    initial: { currentPassword: '', code: '', newPassword: '' },
    toBody: ({ code, ...passwords }) => ({ ...passwords, ...(code !== '' && { code }) }),
    send: async (body) => {
      await change.mutateAsync({ body }).catch((error: unknown) => {
        throw besideField(error, { current: 'currentPassword', code: 'code', next: 'newPassword' })
      })
    },
    onDone: () => {
      reset()
      setAgain('')
      notifyDone(text.passwordChanged)
    },
  })
  const { newPassword } = form.values
  return (
    <form
      noValidate
      className="berth-panel"
      style={{ padding: 20, maxWidth: 520 }}
      onSubmit={(event) => {
        event.preventDefault()
        const isShort = Array.from(newPassword).length < passwordCharactersMin
        if (isShort) form.setFieldError('newPassword', text.tooShort)
        const differs = again === newPassword ? undefined : text.differs
        setAgainFault(differs)
        if (!isShort && differs === undefined) onSubmit(event)
      }}
    >
      <Stack>
        {/* So that password managers know whose it is. */}
        <input type="text" autoComplete="username" value={userName} readOnly hidden />
        <PasswordField
          label={text.current}
          autoComplete="current-password"
          maxLength={256}
          {...form.getInputProps('currentPassword')}
        />
        {factor.data?.body.active === true && (
          <TextInput
            label={text.code}
            autoComplete="one-time-code"
            maxLength={64}
            {...form.getInputProps('code')}
          />
        )}
        <PasswordField
          label={text.next}
          autoComplete="new-password"
          maxLength={256}
          {...form.getInputProps('newPassword')}
        />
        <PasswordStrength password={newPassword} />
        <PasswordField
          label={text.again}
          autoComplete="new-password"
          maxLength={256}
          value={again}
          error={againFault}
          onChange={(event) => {
            setAgain(event.currentTarget.value)
            setAgainFault(undefined)
          }}
        />
        <FormEnd fault={fault} action={text.changePassword} isSending={isSending} />
      </Stack>
    </form>
  )
}
