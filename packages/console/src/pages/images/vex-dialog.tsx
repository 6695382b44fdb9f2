import { createVexStatement } from '@berth/api/vex.ts'
import { Modal, NativeSelect, Stack, Text, Textarea } from '@mantine/core'
import { imageSecurityText } from '../../text/image-security.ts'
import { securityText } from '../../text/security.ts'
import { useApiForm } from '../../ui/api-form.ts'
import { visible } from '../../ui/foreign-text.tsx'
import { FormEnd } from '../../ui/form-end.tsx'
import { notifyDone } from '../../ui/notify.ts'
import type { Finding } from './finding-key.ts'
import { type OpenImage, useImage } from './image-context.ts'
import { useJudging } from './judgements.ts'

const text = imageSecurityText.vexDialog
const words = securityText.statements

type Props = { readonly finding: Finding; readonly isOpen: boolean; readonly onClose: () => void }

/** Says of a finding whether it matters here. */
export function VexDialog({ finding, isOpen, onClose }: Props) {
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      closeOnClickOutside={false}
      title={<bdi>{visible(text.title(finding.vulnerability))}</bdi>}
    >
      <VexForm finding={finding} onClose={onClose} />
    </Modal>
  )
}

type Fields = {
  status: string
  justification: string
  statement: string
  scope: string
  breadth: string
}

function VexForm({ finding, onClose }: Omit<Props, 'isOpen'>) {
  const open = useImage()
  const { say } = useJudging()
  const { form, fault, isSending, onSubmit } = useApiForm({
    schema: createVexStatement.body,
    initial: {
      status: 'not_affected',
      justification: '',
      statement: '',
      scope: 'repository',
      breadth: 'name',
    },
    toBody: (fields: Fields) => bodyOf(fields, finding, open),
    send: say,
    onDone: () => {
      notifyDone(text.done)
      onClose()
    },
  })
  const { name, version } = finding.package
  const { project } = open.repository
  return (
    <form onSubmit={onSubmit} noValidate>
      <Stack gap="sm">
        <Text size="sm">{text.lead}</Text>
        <NativeSelect
          label={text.status}
          data={options(words.statuses)}
          data-autofocus
          {...form.getInputProps('status')}
        />
        {form.values.status === 'not_affected' && (
          <NativeSelect
            label={text.justification}
            data={[{ value: '', label: text.noJustification }, ...options(words.justifications)]}
            {...form.getInputProps('justification')}
          />
        )}
        <Textarea
          label={text.statement}
          description={text.statementLead}
          autosize
          minRows={2}
          maxRows={8}
          {...form.getInputProps('statement')}
        />
        <NativeSelect
          label={text.scope}
          data={[
            { value: 'image', label: text.scopes.image },
            { value: 'repository', label: text.scopes.repository },
            { value: 'project', label: text.scopes.project(project) },
          ]}
          {...form.getInputProps('scope')}
        />
        <NativeSelect
          label={text.packageScope}
          data={[
            { value: 'version', label: text.packages.version(name, version) },
            { value: 'name', label: text.packages.name(name) },
            { value: 'all', label: text.packages.all },
          ]}
          {...form.getInputProps('breadth')}
        />
        <FormEnd fault={fault} action={text.action} isSending={isSending} onCancel={onClose} />
      </Stack>
    </form>
  )
}

function options(labels: Readonly<Record<string, string>>) {
  return Object.entries(labels).map(([value, label]) => ({ value, label }))
}

function bodyOf(fields: Fields, { vulnerability, package: found }: Finding, open: OpenImage) {
  const { status, justification, scope, breadth } = fields
  const statement = fields.statement.trim()
  const name = `${found.kind}:${found.name}`
  return {
    vulnerability,
    status,
    ...(status === 'not_affected' && justification !== '' && { justification }),
    ...(statement !== '' && { statement }),
    ...(scope !== 'project' && { repository: open.repository.name }),
    ...(scope === 'image' && { image: open.image.digest }),
    ...(breadth === 'name' && { package: name }),
    ...(breadth === 'version' && { package: `${name}@${found.version}` }),
  }
}
