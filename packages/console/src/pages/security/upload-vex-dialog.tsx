import {
  listInstanceVexStatements,
  listVexStatements,
  uploadInstanceVexDocument,
  uploadVexDocument,
} from '@berth/api/vex.ts'
import { Alert, Button, FileInput, Group, List, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useApiAction } from '../../api/queries.ts'
import { securityText } from '../../text/security.ts'
import { uiText } from '../../text/ui.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { notifyDone } from '../../ui/notify.ts'
import { formatBytes, formatCount } from '../../ui/units.ts'
import { type Scope, scoped, scopeName } from './scope.tsx'

const text = securityText.statements
const pair = { project: uploadVexDocument, instance: uploadInstanceVexDocument }
/** What is read into the page; the server has a limit of its own. */
const bytesMax = 16_000_000
const leftOutShown = 50

/** Takes over the statements of a document, and says what was left out. */
export function UploadVexDialog({
  scope,
  isOpen,
  onClose,
}: {
  scope: Scope
  isOpen: boolean
  onClose: () => void
}) {
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title={text.uploadFor(scopeName(scope))}
      closeOnClickOutside={false}
      size="lg"
    >
      <UploadForm scope={scope} onClose={onClose} />
    </Modal>
  )
}

function UploadForm({ scope, onClose }: { scope: Scope; onClose: () => void }) {
  const [file, setFile] = useState<File | null>(null)
  const [fileFault, setFileFault] = useState<string>()
  const [repository, setRepository] = useState('')
  const [image, setImage] = useState('')
  const upload = useApiAction(scoped(scope, pair).route, {
    changes: [listVexStatements, listInstanceVexStatements],
    onDone: ({ created }) => notifyDone(text.uploaded(formatCount(created.length))),
  })
  const send = async () => {
    const read = await readDocument(file)
    setFileFault('fault' in read ? read.fault : undefined)
    if ('fault' in read) return
    const body = {
      document: read.document,
      ...(repository.trim() !== '' && { repository: repository.trim() }),
      ...(image.trim() !== '' && { image: image.trim() }),
    }
    upload.mutate(scoped(scope, pair, { body }).request)
  }
  const done = upload.data?.body
  if (done) {
    return (
      <Stack gap="sm">
        <Text>{text.uploaded(formatCount(done.created.length))}</Text>
        {done.leftOut.length > 0 && <LeftOut items={done.leftOut} />}
        <Group justify="flex-end">
          <Button onClick={onClose} data-autofocus>
            {uiText.close}
          </Button>
        </Group>
      </Stack>
    )
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
    >
      <Stack gap="sm">
        <FileInput
          label={text.file}
          description={text.uploadLead}
          placeholder={text.choose}
          accept=".json,application/json"
          value={file}
          onChange={setFile}
          error={fileFault}
          required
          clearable
        />
        <TextInput
          label={text.repository}
          description={text.repositoryHint}
          value={repository}
          onChange={(event) => setRepository(event.currentTarget.value)}
        />
        <TextInput
          label={text.image}
          description={text.imageHint}
          value={image}
          onChange={(event) => setImage(event.currentTarget.value)}
        />
        {upload.error && (
          <Alert color="red" role="alert">
            <ForeignText text={upload.error.message} />
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {uiText.cancel}
          </Button>
          <Button type="submit" loading={upload.isPending}>
            {text.send}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function LeftOut({ items }: { items: readonly { vulnerability: string; reason: string }[] }) {
  return (
    <Alert color="yellow" title={text.leftOut(formatCount(items.length))}>
      <List size="sm">
        {items.slice(0, leftOutShown).map(({ vulnerability, reason }, index) => (
          <List.Item key={index}>
            <ForeignText text={`${vulnerability}: ${reason}`} max={200} />
          </List.Item>
        ))}
      </List>
    </Alert>
  )
}

type Read = { document: Record<string, unknown> } | { fault: string }

async function readDocument(file: File | null): Promise<Read> {
  if (file === null) return { fault: text.noFile }
  if (file.size > bytesMax) return { fault: text.tooLarge(formatBytes(bytesMax)) }
  try {
    return { document: JSON.parse(await file.text()) as Record<string, unknown> }
  } catch (error) {
    return { fault: text.notJson(error instanceof Error ? error.message : '') }
  }
}
