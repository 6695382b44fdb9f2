import { Alert, Button, Group } from '@mantine/core'
import { uiText } from '../text/ui.ts'

/** The last lines of a form: what the server refused, and the buttons. */
export function FormEnd({
  fault,
  action,
  isSending,
  onCancel,
}: {
  fault: string | undefined
  action: string
  isSending: boolean
  onCancel?: () => void
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
        <Button type="submit" loading={isSending}>
          {action}
        </Button>
      </Group>
    </>
  )
}
