import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useBlocker } from '@tanstack/react-router'
import { policyText as text } from '../../text/policy.ts'

type Place = { readonly pathname: string; readonly search: unknown }

/** Asks before a page is left whose changes would be lost. */
export function LeaveGuard({ isActive }: { isActive: boolean }) {
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => isActive && isElsewhere(current, next),
    enableBeforeUnload: isActive,
    withResolver: true,
  })
  const isOpen = blocker.status === 'blocked'
  return (
    <Modal opened={isOpen} onClose={() => blocker.reset?.()} title={text.leaveTitle}>
      <Stack>
        <Text size="sm">{text.leaveText}</Text>
        <Group justify="flex-end">
          <Button variant="default" data-autofocus onClick={() => blocker.reset?.()}>
            {text.stay}
          </Button>
          <Button color="red.9" onClick={() => blocker.proceed?.()}>
            {text.leave}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

/** The view may change; the page and what it is about may not. */
function isElsewhere(current: Place, next: Place): boolean {
  return current.pathname !== next.pathname || projectIn(current) !== projectIn(next)
}

function projectIn({ search }: Place): unknown {
  return (search as { project?: unknown }).project
}
