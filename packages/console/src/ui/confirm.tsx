import { Alert, Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { uiText } from '../text/ui.ts'

/**
 * Asks before something is destroyed. With `typed`, that text has to be typed first. A refusal of the server is shown in the
 * dialog, which then stays open.
 */
export function Confirm({
  isOpen,
  title,
  children,
  typed,
  action,
  onConfirm,
  onClose,
}: {
  isOpen: boolean
  title: string
  children: ReactNode
  /** What has to be typed, such as the name of what is deleted. */
  typed?: string
  /** What the button says, a verb: `Delete`. */
  action: string
  onConfirm: () => Promise<unknown>
  onClose: () => void
}) {
  const [text, setText] = useState('')
  const [isBusy, setBusy] = useState(false)
  const [fault, setFault] = useState<string>()
  const close = () => {
    setText('')
    setFault(undefined)
    onClose()
  }
  const confirm = async () => {
    setBusy(true)
    setFault(undefined)
    try {
      await onConfirm()
      close()
    } catch (error) {
      setFault(error instanceof Error ? error.message : uiText.faultTitle)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Modal opened={isOpen} onClose={close} title={title}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void confirm()
        }}
      >
        <Stack>
          <Text component="div" size="sm">
            {children}
          </Text>
          {typed !== undefined && (
            <TextInput
              label={uiText.typeToConfirm(typed)}
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
              autoComplete="off"
              spellCheck={false}
              data-autofocus
            />
          )}
          {fault !== undefined && (
            <Alert color="red" role="alert">
              {fault}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {uiText.cancel}
            </Button>
            <Button
              type="submit"
              color="red.9"
              loading={isBusy}
              disabled={typed !== undefined && text !== typed}
            >
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
