import { Alert, Button, Group, Text } from '@mantine/core'
import { IconCloudOff, IconHourglass } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useConnection } from '../api/connection.ts'
import { loadSession } from '../api/session.ts'
import { shellText } from '../text/shell.ts'
import { uiText } from '../text/ui.ts'

const askAgainMs = 3000

/** Says plainly when the server does not answer or wants a pause, and goes on by itself when that is over. */
export function ConnectionBanner() {
  const connection = useConnection()
  const client = useQueryClient()
  const isAway = connection.kind === 'away'
  useEffect(() => {
    if (!isAway) return
    const ask = () => {
      loadSession().then(
        () => void client.invalidateQueries(),
        () => undefined,
      )
    }
    const timer = setInterval(ask, askAgainMs)
    return () => clearInterval(timer)
  }, [isAway, client])
  if (connection.kind === 'well') return null
  return (
    <Alert
      color={isAway ? 'red' : 'yellow'}
      mb="md"
      role="alert"
      icon={isAway ? <IconCloudOff aria-hidden /> : <IconHourglass aria-hidden />}
      title={isAway ? uiText.awayTitle : shellText.waitingTitle}
    >
      <Group justify="space-between">
        <Text size="sm">{isAway ? uiText.away : shellText.waiting}</Text>
        {isAway && (
          <Button size="xs" variant="default" onClick={() => void client.invalidateQueries()}>
            {uiText.tryAgain}
          </Button>
        )}
      </Group>
    </Alert>
  )
}
