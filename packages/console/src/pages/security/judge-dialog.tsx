import {
  createInstanceVexStatement,
  createVexStatement,
  listInstanceVexStatements,
  listVexStatements,
} from '@berth/api/vex.ts'
import { Modal, Select, Stack, Textarea, TextInput } from '@mantine/core'
import { useApiAction } from '../../api/queries.ts'
import { securityText } from '../../text/security.ts'
import { useApiForm } from '../../ui/api-form.ts'
import { FormEnd } from '../../ui/form-end.tsx'
import { notifyDone } from '../../ui/notify.ts'
import { type Scope, scoped, scopeName } from './scope.tsx'

const text = securityText.statements
const pair = { project: createVexStatement, instance: createInstanceVexStatement }
const optional = ['package', 'repository', 'image', 'justification', 'statement'] as const

type Fields = {
  vulnerability: string
  status: string
  justification: string
  statement: string
  package: string
  repository: string
  image: string
}

/** Says of a vulnerability whether it matters. */
export function JudgeDialog({
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
      <JudgeForm scope={scope} known={known} onClose={onClose} />
    </Modal>
  )
}

function JudgeForm({
  scope,
  known,
  onClose,
}: {
  scope: Scope
  known: Partial<Fields>
  onClose: () => void
}) {
  const create = useApiAction(scoped(scope, pair).route, {
    changes: [listVexStatements, listInstanceVexStatements],
  })
  const { form, fault, isSending, onSubmit } = useApiForm({
    schema: createVexStatement.body,
    initial: {
      vulnerability: '',
      status: 'not_affected',
      justification: '',
      statement: '',
      package: '',
      repository: '',
      image: '',
      ...known,
    },
    toBody: bodyOf,
    send: (body) => create.mutateAsync(scoped(scope, pair, { body }).request),
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
          label={text.vulnerability}
          required
          {...field('vulnerability')}
          data-autofocus={known.vulnerability === undefined || undefined}
        />
        <Select
          label={text.status}
          required
          allowDeselect={false}
          data={Object.entries(text.statuses).map(([value, label]) => ({ value, label }))}
          {...field('status')}
        />
        {form.values.status === 'not_affected' && (
          <Select
            label={text.justification}
            clearable
            data={Object.entries(text.justifications).map(([value, label]) => ({ value, label }))}
            {...field('justification')}
            value={form.values.justification === '' ? null : form.values.justification}
            onChange={(value) => form.setFieldValue('justification', value ?? '')}
          />
        )}
        <Textarea
          label={text.statement}
          description={text.statementHint}
          autosize
          minRows={2}
          maxRows={8}
          {...field('statement')}
        />
        <TextInput label={text.package} description={text.packageHint} {...field('package')} />
        <TextInput
          label={text.repository}
          description={text.repositoryHint}
          {...field('repository')}
        />
        <TextInput label={text.image} description={text.imageHint} {...field('image')} />
        <FormEnd fault={fault} action={text.create} isSending={isSending} onCancel={onClose} />
      </Stack>
    </form>
  )
}

function bodyOf(fields: Fields): unknown {
  const given = optional
    .filter((name) => name !== 'justification' || fields.status === 'not_affected')
    .map((name) => [name, fields[name].trim()] as const)
    .filter(([, value]) => value !== '')
  return {
    vulnerability: fields.vulnerability.trim(),
    status: fields.status,
    ...Object.fromEntries(given),
  }
}
