import { Button, Group, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { uiText } from '../text/ui.ts'

const undoMs = 12_000

/** Says that something was taken away, and gives it back for a while. `id` tells it from other such notices. */
export function notifyUndoable(id: string, message: string, undo: () => void): void {
  notifications.show({
    id,
    color: 'teal',
    autoClose: undoMs,
    message: (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{message}</Text>
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => {
            notifications.hide(id)
            undo()
          }}
        >
          {uiText.undo}
        </Button>
      </Group>
    ),
  })
}
