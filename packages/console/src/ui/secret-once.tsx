import { Alert, Button, Group, Modal, Stack } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { uiText } from '../text/ui.ts'
import { CommandLine } from './copy.tsx'

/**
 * A secret that the server tells once. It is closed by its button alone: no stray click or key takes it away. `children` say
 * how it is used.
 */
export function SecretOnce({
  title,
  label,
  secret,
  children,
  onClose,
}: {
  title: string
  /** What the secret is: `API key`. */
  label: string
  /** `undefined`: closed. */
  secret: string | undefined
  children?: ReactNode
  onClose: () => void
}) {
  return (
    <Modal
      opened={secret !== undefined}
      onClose={onClose}
      title={title}
      size="lg"
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
    >
      <Stack>
        <Alert color="yellow" icon={<IconAlertTriangle aria-hidden />}>
          {uiText.secretOnce}
        </Alert>
        <CommandLine label={label} command={secret ?? ''} />
        {children}
        <Group justify="flex-end">
          <Button onClick={onClose}>{uiText.secretKept}</Button>
        </Group>
      </Stack>
    </Modal>
  )
}
