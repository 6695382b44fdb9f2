import { Alert, Button, Group } from '@mantine/core'
import { uiText } from '../text/ui.ts'

/** The last lines of a form: what the server refused, and the buttons. */
export function FormEnd({
  fault,
  action,
  isSending,
  onCancel,
  color,
}: {
  fault: string | undefined
  action: string
  isSending: boolean
  onCancel?: () => void
  /** Of the button that sends, where something is taken away. */
  color?: string
}) {
  return (
    <>
      {fault !== undefined && (
        <Alert color="red" role="alert">
          {fault}
        </Alert>
      )}
      <Group justify="flex-end">
        {onCancel && (
          <Button variant="default" onClick={onCancel}>
            {uiText.cancel}
          </Button>
        )}
        <Button type="submit" loading={isSending} color={color}>
          {action}
        </Button>
      </Group>
    </>
  )
}
