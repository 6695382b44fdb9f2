import type { ClientAnswer } from '@berth/api/client.ts'
import { deleteTrustedRoot, listTrustedRoots, setTrustedRoot } from '@berth/api/trusted-roots.ts'
import { signerName } from '@berth/api/trusted-identities.ts'
import { Button, Modal, Stack, Textarea, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useState } from 'react'
import { useApi, useApiAction } from '../../api/queries.ts'
import { trustText as text } from '../../text/trust.ts'
import { useApiForm } from '../../ui/api-form.ts'
import { Confirm } from '../../ui/confirm.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { FormEnd } from '../../ui/form-end.tsx'
import { notifyDone } from '../../ui/notify.ts'
import { Section } from '../../ui/page.tsx'
import { Empty } from '../../ui/states.tsx'
import { Ago } from '../../ui/time.tsx'
import { formatCount } from '../../ui/units.ts'

type Root = ClientAnswer<typeof listTrustedRoots>['body']['items'][number]
const importing = setTrustedRoot.body.extend({ name: signerName })

/** The roots by which keyless signatures are judged. */
export function TrustedRoots({ mayManage }: { mayManage: boolean }) {
  const read = useApi(listTrustedRoots, {})
  const remove = useApiAction(deleteTrustedRoot)
  const [isImporting, { open, close }] = useDisclosure(false)
  const [removed, setRemoved] = useState<string>()
  const rows = read.data?.body.items ?? []
  const add = mayManage && <Button onClick={open}>{text.importRoot}</Button>
  const actions: Column<Root> = {
    id: 'actions',
    title: text.actions,
    align: 'end',
    cell: ({ name }) => (
      <Button
        size="compact-xs"
        variant="default"
        aria-label={`${text.remove}: ${name}`}
        onClick={() => setRemoved(name)}
      >
        {text.remove}
      </Button>
    ),
  }
  return (
    <Section title={text.roots} lead={text.rootsLead} actions={rows.length > 0 && add}>
      <DataTable
        label={text.roots}
        columns={mayManage ? [...columns, actions] : columns}
        rows={rows}
        rowKey={({ name }) => name}
        isLoading={read.isLoading}
        error={read.error}
        onRetry={() => void read.refetch()}
        height="28rem"
        empty={
          <Empty title={text.noRoots} action={add}>
            {text.noRootsLead}
          </Empty>
        }
      />
      <Modal
        opened={isImporting}
        onClose={close}
        title={text.importRoot}
        size="lg"
        closeOnClickOutside={false}
      >
        <ImportFields onClose={close} />
      </Modal>
      <Confirm
        isOpen={removed !== undefined}
        title={text.removeRootTitle(removed ?? '')}
        typed={removed ?? ''}
        action={text.remove}
        onConfirm={async () => {
          if (removed === undefined) return
          await remove.mutateAsync({ params: { name: removed } })
          notifyDone(text.rootRemoved(removed))
        }}
        onClose={() => setRemoved(undefined)}
      >
        {text.removeRootLead}
      </Confirm>
    </Section>
  )
}

function ImportFields({ onClose }: { onClose: () => void }) {
  const set = useApiAction(setTrustedRoot)
  const { form, fault, isSending, onSubmit } = useApiForm({
    schema: importing,
    initial: { name: '', document: '' },
    send: async ({ name, document }) => {
      await set.mutateAsync({ params: { name }, body: { document } })
      notifyDone(text.rootImported(name))
      onClose()
    },
  })
  return (
    <form onSubmit={onSubmit} noValidate>
      <Stack>
        <TextInput
          label={text.name}
          required
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          data-autofocus
          {...form.getInputProps('name')}
        />
        <Textarea
          label={text.document}
          description={text.documentHint}
          required
          autosize
          minRows={6}
          maxRows={14}
          spellCheck={false}
          className="berth-mono"
          {...form.getInputProps('document')}
        />
        <FormEnd fault={fault} action={text.importRoot} isSending={isSending} onCancel={onClose} />
      </Stack>
    </form>
  )
}

const columns: readonly Column<Root>[] = [
  { id: 'name', title: text.name, cell: ({ name }) => name },
  {
    id: 'authorities',
    title: text.authorities,
    align: 'end',
    cell: (root) => formatCount(root.certificateAuthorities),
  },
  { id: 'logs', title: text.logs, align: 'end', cell: ({ logs }) => formatCount(logs) },
  {
    id: 'timestamps',
    title: text.timestamps,
    align: 'end',
    cell: (root) => formatCount(root.timestampAuthorities),
  },
  { id: 'by', title: text.by, cell: ({ createdBy }) => <bdi>{createdBy}</bdi> },
  { id: 'created', title: text.created, cell: ({ createdAt }) => <Ago at={createdAt} /> },
]
