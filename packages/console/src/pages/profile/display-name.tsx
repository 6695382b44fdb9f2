import { readSession } from '@berth/api/session.ts'
import { readOwnUser, updateOwnUser } from '@berth/api/users.ts'
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useApiAction } from '../../api/queries.ts'
import { accountText as text } from '../../text/profile.ts'
import { useApiForm } from '../../ui/api-form.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { FormEnd } from '../../ui/form-end.tsx'
import { notifyDone } from '../../ui/notify.ts'

/** What people are shown beside the name, and the way to change it. */
export function DisplayName({ displayName }: { displayName: string | null }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <Group gap="sm" display="inline-flex">
      {displayName === null ? (
        <Text span inherit className="berth-quiet">
          {text.noDisplayName}
        </Text>
      ) : (
        <ForeignText text={displayName} max={128} />
      )}
      <Button
        size="compact-sm"
        variant="default"
        aria-label={text.renameTitle}
        onClick={() => setOpen(true)}
      >
        {text.rename}
      </Button>
      <Modal opened={isOpen} onClose={() => setOpen(false)} title={text.renameTitle}>
        <RenameForm displayName={displayName} onClose={() => setOpen(false)} />
      </Modal>
    </Group>
  )
}

function RenameForm({ displayName, onClose }: { displayName: string | null; onClose: () => void }) {
  const rename = useApiAction(updateOwnUser, { changes: [readOwnUser, readSession] })
  const { form, fault, isSending, onSubmit } = useApiForm({
    schema: updateOwnUser.body,
    initial: { displayName: displayName ?? '' },
    toBody: (values) => ({ displayName: values.displayName.trim() || null }),
    send: (body) => rename.mutateAsync({ body }),
    onDone: () => {
      notifyDone(text.renamed)
      onClose()
    },
  })
  return (
    <form onSubmit={onSubmit} noValidate>
      <Stack>
        <TextInput
          label={text.displayName}
          description={text.renameHint}
          autoComplete="name"
          data-autofocus
          {...form.getInputProps('displayName')}
        />
        <FormEnd fault={fault} action={text.save} isSending={isSending} onCancel={onClose} />
      </Stack>
    </form>
  )
}
