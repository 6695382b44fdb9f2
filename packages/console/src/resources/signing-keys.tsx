import type { ClientAnswer } from '@berth/api/client.ts'
import { createSigningKey, listSigningKeys, retireSigningKey } from '@berth/api/signing-keys.ts'
import { Button, Group, Modal, NativeSelect, Stack, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconPlus, IconSignature } from '@tabler/icons-react'
import { useState } from 'react'
import { useApi, useApiAction } from '../api/queries.ts'
import { trustText as text } from '../text/trust.ts'
import { Badge } from '../ui/badge.tsx'
import { useApiForm } from '../ui/api-form.ts'
import { Confirm } from '../ui/confirm.tsx'
import { type Column, DataTable } from '../ui/data-table.tsx'
import { FormEnd } from '../ui/form-end.tsx'
import { notifyDone } from '../ui/notify.ts'
import { Section } from '../ui/page.tsx'
import { Empty } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { PublicKey, ShowKey } from './public-key.tsx'

type Key = ClientAnswer<typeof listSigningKeys>['body']['items'][number]
const algorithms = ['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521'] as const

/** The keys that Berth signs with for a project. */
export function SigningKeys({ project, mayManage }: { project: string; mayManage: boolean }) {
  const read = useApi(listSigningKeys, { params: { project } })
  const retire = useApiAction(retireSigningKey)
  const [isCreating, { open, close }] = useDisclosure(false)
  const [shown, setShown] = useState<Key>()
  const [retired, setRetired] = useState<string>()
  const rows = read.data?.body.items ?? []
  const create = mayManage && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={open}>
      {text.createKey}
    </Button>
  )
  const columns: readonly Column<Key>[] = [
    { id: 'name', title: text.name, cell: ({ name }) => name },
    { id: 'algorithm', title: text.algorithm, cell: ({ algorithm }) => algorithm },
    {
      id: 'state',
      title: text.state,
      cell: ({ retiredAt }) =>
        retiredAt === null ? text.active : <Badge color="gray">{text.retired}</Badge>,
    },
    { id: 'by', title: text.by, cell: ({ createdBy }) => <bdi>{createdBy}</bdi> },
    { id: 'created', title: text.created, cell: ({ createdAt }) => <Ago at={createdAt} /> },
    {
      id: 'actions',
      title: text.actions,
      align: 'end',
      cell: (key) => (
        <Group gap={4} justify="flex-end">
          <ShowKey name={key.name} onClick={() => setShown(key)} />
          {mayManage && key.retiredAt === null && (
            <Button
              size="compact-xs"
              variant="default"
              aria-label={text.retireOne(key.name)}
              onClick={() => setRetired(key.name)}
            >
              {text.retire}
            </Button>
          )}
        </Group>
      ),
    },
  ]
  return (
    <Section title={text.keys} lead={text.keysLead} actions={rows.length > 0 && create}>
      <DataTable
        label={text.keys}
        columns={columns}
        rows={rows}
        rowKey={({ name }) => name}
        isLoading={read.isLoading}
        error={read.error}
        onRetry={() => void read.refetch()}
        height="28rem"
        empty={
          <Empty title={text.noKeys} icon={IconSignature} action={create}>
            {text.noKeysLead}
          </Empty>
        }
      />
      <CreateKey
        project={project}
        isOpen={isCreating}
        onClose={close}
        onCreated={(key) => {
          close()
          setShown(key)
        }}
      />
      <PublicKey shown={shown} onClose={() => setShown(undefined)} />
      <Confirm
        isOpen={retired !== undefined}
        title={text.retireTitle(retired ?? '')}
        typed={retired ?? ''}
        action={text.retire}
        onConfirm={async () => {
          if (retired === undefined) return
          await retire.mutateAsync({ params: { project, name: retired } })
          notifyDone(text.wasRetired(retired))
        }}
        onClose={() => setRetired(undefined)}
      >
        {text.retireLead}
      </Confirm>
    </Section>
  )
}

const newKey: { name: string; algorithm: Key['algorithm'] } = { name: '', algorithm: 'ecdsa-p256' }

type CreateProps = {
  readonly project: string
  readonly onClose: () => void
  readonly onCreated: (key: Key) => void
}

function CreateKey({ isOpen, ...props }: CreateProps & { isOpen: boolean }) {
  return (
    <Modal opened={isOpen} onClose={props.onClose} title={text.createKey}>
      <KeyFields {...props} />
    </Modal>
  )
}

function KeyFields({ project, onClose, onCreated }: CreateProps) {
  const create = useApiAction(createSigningKey)
  const { form, fault, isSending, onSubmit } = useApiForm({
    schema: createSigningKey.body,
    initial: newKey,
    send: async (body) => {
      const { body: key } = await create.mutateAsync({ params: { project }, body })
      notifyDone(text.keyCreated(key.name))
      onCreated(key)
    },
  })
  return (
    <form onSubmit={onSubmit} noValidate>
      <Stack>
        <TextInput
          label={text.name}
          description={text.nameHint}
          required
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          data-autofocus
          {...form.getInputProps('name')}
        />
        <NativeSelect
          label={text.algorithm}
          data={[...algorithms]}
          {...form.getInputProps('algorithm')}
        />
        <FormEnd fault={fault} action={text.createKey} isSending={isSending} onCancel={onClose} />
      </Stack>
    </form>
  )
}
