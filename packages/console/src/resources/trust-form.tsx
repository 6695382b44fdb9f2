import {
  createInstanceTrustedIdentity,
  createTrustedIdentity,
} from '@berth/api/trusted-identities.ts'
import { Modal, NativeSelect, Stack, Textarea, TextInput } from '@mantine/core'
import { trustText as text } from '../text/trust.ts'
import { useApiForm } from '../ui/api-form.ts'
import { FormEnd } from '../ui/form-end.tsx'
import { notifyDone } from '../ui/notify.ts'
import { type Place, useTwinAction } from './twin.ts'

const creating = { ofProject: createTrustedIdentity, ofInstance: createInstanceTrustedIdentity }

type Kind = keyof typeof text.kinds
type Props = { readonly project: Place; readonly onClose: () => void }

const initial = {
  name: '',
  kind: 'key' as Kind,
  publicKey: '',
  issuer: '',
  subject: '',
  certificates: '',
  /** Faults of the identity as a whole. */
  identity: '',
}

/** The dialog in which somebody is trusted. */
export function IdentityForm({ isOpen, ...props }: Props & { isOpen: boolean }) {
  return (
    <Modal
      opened={isOpen}
      onClose={props.onClose}
      title={text.add}
      size="lg"
      closeOnClickOutside={false}
    >
      <Fields {...props} />
    </Modal>
  )
}

function Fields({ project, onClose }: Props) {
  const create = useTwinAction(creating, project)
  const { form, fault, isSending, onSubmit } = useApiForm({
    schema: createTrustedIdentity.body,
    initial,
    toBody: (values) => ({ name: values.name, identity: identityOf(values) }),
    send: async (body) => {
      await create.run({ body })
      notifyDone(text.added(body.name))
      onClose()
    },
  })
  const { kind } = form.values
  const whole = form.errors['identity']
  const plain = { autoComplete: 'off', autoCapitalize: 'none', spellCheck: false } as const
  return (
    <form onSubmit={onSubmit} noValidate>
      <Stack>
        <TextInput
          label={text.name}
          description={text.nameHint}
          required
          data-autofocus
          {...plain}
          {...form.getInputProps('name')}
        />
        <NativeSelect
          label={text.kind}
          data={Object.entries(text.kinds).map(([value, label]) => ({ value, label }))}
          {...form.getInputProps('kind')}
        />
        {kind === 'key' && (
          <Textarea
            label={text.publicKey}
            description={text.publicKeyHint}
            required
            autosize
            minRows={4}
            maxRows={10}
            className="berth-mono"
            {...plain}
            {...form.getInputProps('publicKey')}
            error={whole}
          />
        )}
        {kind === 'keyless' && (
          <TextInput
            label={text.issuer}
            description={text.issuerHint}
            required
            {...plain}
            {...form.getInputProps('issuer')}
          />
        )}
        {kind === 'notation' && (
          <Textarea
            label={text.certificates}
            description={text.certificatesHint}
            required
            autosize
            minRows={4}
            maxRows={12}
            className="berth-mono"
            {...plain}
            {...form.getInputProps('certificates')}
          />
        )}
        {kind !== 'key' && (
          <TextInput
            label={text.subject}
            description={kind === 'keyless' ? text.subjectHint : text.notationSubjectHint}
            required={kind === 'keyless'}
            {...plain}
            {...form.getInputProps('subject')}
            error={whole}
          />
        )}
        <FormEnd fault={fault} action={text.add} isSending={isSending} onCancel={onClose} />
      </Stack>
    </form>
  )
}

function identityOf({ kind, publicKey, issuer, subject, certificates }: typeof initial) {
  switch (kind) {
    case 'key':
      return { kind, publicKey }
    case 'keyless':
      return { kind, issuer, subject }
    case 'notation':
      return {
        kind,
        certificates: certificates.match(/-----BEGIN[^]*?-----END[^-]*-----/g) ?? [],
        ...(subject !== '' && { subject }),
      }
  }
}
