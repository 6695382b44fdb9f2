import { ApiProblem } from '@berth/api/client.ts'
import { notifications } from '@mantine/notifications'
import { uiText } from '../text/ui.ts'

/** Says that something was done. */
export function notifyDone(message: string): void {
  notifications.show({ color: 'teal', message, autoClose: 4000 })
}

/** Says why something was not done; stays until it is closed. */
export function notifyFault(error: unknown): void {
  if (error instanceof ApiProblem) {
    notifications.show({
      color: 'red',
      title: uiText.refused,
      message: error.message,
      autoClose: false,
    })
    return
  }
  notifications.show({
    color: 'red',
    title: uiText.awayTitle,
    message: uiText.away,
    autoClose: 8000,
  })
}
