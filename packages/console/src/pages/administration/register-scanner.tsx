import { scannerName, setScanner } from '@berth/api/scanners.ts'
import { Checkbox, Modal, Select, Stack, TextInput } from '@mantine/core'
import * as z from 'zod'
import { useApiAction } from '../../api/queries.ts'
import { systemText } from '../../text/system.ts'
import { useApiForm } from '../../ui/api-form.ts'
import { notifyDone } from '../../ui/notify.ts'
import { FormEnd } from '../../ui/form-end.tsx'
import { PasswordField } from '../../ui/password-field.tsx'

const text = systemText.scanners
const ways = ['none', 'basic', 'bearer', 'apiKey'] as const

/** The name stands in the path of the request, the rest in its body: one form checks both. */
const schema = z.strictObject({ name: scannerName, ...setScanner.body.shape })
const initial = {
  name: '',
  address: '',
  registryAddress: '',
  isInsecure: false,
  authorization: 'none' as (typeof ways)[number],
  userName: '',
  secret: '',
}

/** The dialog in which an adapter is registered. */
export function RegisterScanner({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const action = useApiAction(setScanner)
  const { form, fault, isSending, onSubmit, reset } = useApiForm({
    schema,
    initial,
    toBody: toBody,
    send: async ({ name, ...body }) => {
      await action.mutateAsync({ params: { name }, body })
      notifyDone(text.registered(name))
    },
    onDone: () => {
      reset()
      onClose()
    },
  })
  const { authorization } = form.values
  return (
    <Modal opened={isOpen} onClose={onClose} title={text.register}>
      <form onSubmit={onSubmit} noValidate>
        <Stack>
          <TextInput
            label={text.name}
            required
            data-autofocus
            spellCheck={false}
            {...form.getInputProps('name')}
          />
          <TextInput
            label={text.address}
            description={text.addressHint}
            required
            inputMode="url"
            {...form.getInputProps('address')}
          />
          <TextInput
            label={text.registryAddress}
            description={text.registryAddressHint}
            inputMode="url"
            {...form.getInputProps('registryAddress')}
          />
          <Checkbox
            label={text.insecure}
            checked={form.values.isInsecure}
            onChange={(event) => form.setFieldValue('isInsecure', event.currentTarget.checked)}
          />
          <Select
            label={text.authorization}
            data={ways.map((value) => ({ value, label: text.authorizations[value] }))}
            value={authorization}
            allowDeselect={false}
            error={form.errors['authorization']}
            onChange={(value) =>
              form.setFieldValue('authorization', ways.find((way) => way === value) ?? 'none')
            }
          />
          {authorization === 'basic' && (
            <TextInput label={text.userName} required {...form.getInputProps('userName')} />
          )}
          {authorization !== 'none' && (
            <PasswordField
              label={{ basic: text.password, bearer: text.token, apiKey: text.key }[authorization]}
              required
              autoComplete="off"
              {...form.getInputProps('secret')}
            />
          )}
          <FormEnd fault={fault} action={text.register} isSending={isSending} onCancel={onClose} />
        </Stack>
      </form>
    </Modal>
  )
}

function toBody({
  name,
  address,
  registryAddress,
  isInsecure,
  authorization,
  userName,
  secret,
}: typeof initial): z.input<typeof schema> {
  const credentials = {
    none: { kind: 'none' },
    basic: { kind: 'basic', name: userName, password: secret },
    bearer: { kind: 'bearer', token: secret },
    apiKey: { kind: 'apiKey', key: secret },
  } as const
  return {
    name,
    address,
    registryAddress: registryAddress === '' ? null : registryAddress,
    isInsecure,
    authorization: credentials[authorization],
  }
}
