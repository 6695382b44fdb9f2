import { Alert, Button, Group, Text } from '@mantine/core'
import { IconCloudOff, IconHourglass } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { useConnection } from '../api/connection.ts'
import { loadSession } from '../api/session.ts'
import { shellText } from '../text/shell.ts'
import { uiText } from '../text/ui.ts'
import { useSecondsLeft } from '../ui/seconds-left.ts'
import classes from './shell.module.css'

const askAgainMs = 3000

/** Says plainly when the server does not answer or wants a pause, and goes on by itself when that is over. */
export function ConnectionBanner() {
  const connection = useConnection()
  const client = useQueryClient()
  const { kind } = connection
  const isAway = kind === 'away'
  const seconds = useSecondsLeft(kind === 'waiting' ? connection.until : undefined)
  const before = useRef(kind)
  useEffect(() => {
    const wasTrouble = before.current === 'away' || before.current === 'waiting'
    before.current = kind
    // What was given up meanwhile is asked for again; after an absence everything may have changed.
    if (kind === 'well' && wasTrouble) void client.invalidateQueries()
    if (kind !== 'away') return
    const timer = setInterval(() => void loadSession().catch(() => undefined), askAgainMs)
    return () => clearInterval(timer)
  }, [kind, client])
  if (kind === 'well') return null
  const { title, words } = {
    away: { title: uiText.awayTitle, words: uiText.away },
    slow: { title: shellText.slowTitle, words: shellText.slow },
    waiting: { title: shellText.waitingTitle, words: shellText.waiting(Math.max(seconds, 1)) },
  }[kind]
  return (
    <Alert
      color={isAway ? 'red' : 'yellow'}
      mb="md"
      className={classes.banner}
      // The seconds that run down are not read out one by one.
      role={isAway ? 'alert' : 'status'}
      aria-live={({ away: 'assertive', slow: 'polite', waiting: 'off' } as const)[kind]}
      icon={isAway ? <IconCloudOff aria-hidden /> : <IconHourglass aria-hidden />}
      title={title}
    >
      <Group justify="space-between">
        <Text size="sm">{words}</Text>
        {isAway && (
          <Button
            size="xs"
            variant="default"
            onClick={() => void loadSession().catch(() => undefined)}
          >
            {uiText.tryAgain}
          </Button>
        )}
      </Group>
    </Alert>
  )
}
