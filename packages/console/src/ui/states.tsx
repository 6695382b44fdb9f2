import { ApiProblem } from '@berth/api/client.ts'
import { Alert, Button, Center, Stack, Text, Title } from '@mantine/core'
import {
  IconAnchor,
  IconCloudOff,
  IconLock,
  IconMoodEmpty,
  type IconProps,
} from '@tabler/icons-react'
import type { ComponentType, ReactNode } from 'react'
import { uiText } from '../text/ui.ts'
import { Bone } from './skeleton.tsx'

/** A place with nothing in it: what it is for, and what to do first. */
export function Empty({
  title = uiText.nothingHere,
  children,
  action,
  icon: Icon = IconAnchor,
}: {
  title?: string
  children?: ReactNode
  action?: ReactNode
  icon?: ComponentType<IconProps>
}) {
  return (
    <Center py="xl" px="md" className="berth-panel">
      <Stack align="center" gap="xs" maw={520}>
        <Icon size={36} stroke={1.4} aria-hidden />
        <Title order={2}>{title}</Title>
        {children !== undefined && (
          <Text component="div" ta="center" className="berth-quiet">
            {children}
          </Text>
        )}
        {action}
      </Stack>
    </Center>
  )
}

/** A part of a page with nothing in it, where that is as it should be. */
export function Nothing({ children }: { children: ReactNode }) {
  return (
    <Text size="sm" className="berth-panel berth-quiet" px="md" py="sm">
      {children}
    </Text>
  )
}

/** Filters that nothing fits. */
export function NothingFound({ onClear }: { onClear?: () => void }) {
  const action = onClear && (
    <Button variant="default" onClick={onClear}>
      {uiText.clearFilters}
    </Button>
  )
  return <Empty title={uiText.nothingFound} icon={IconMoodEmpty} action={action} />
}

/** Why a page or a part of it cannot be shown, and what to do. */
export function Fault({ error, onRetry }: { error: Error; onRetry?: () => void }) {
  const retry = onRetry && (
    <Button variant="default" onClick={onRetry}>
      {uiText.tryAgain}
    </Button>
  )
  if (!(error instanceof ApiProblem)) {
    return (
      <Empty title={uiText.awayTitle} icon={IconCloudOff} action={retry}>
        {uiText.away}
      </Empty>
    )
  }
  if (error.status === 401 || error.status === 403) {
    return (
      <Empty title={uiText.notAllowedTitle} icon={IconLock}>
        {uiText.notAllowed}
      </Empty>
    )
  }
  if (error.status === 404) {
    return (
      <Empty title={uiText.notFoundTitle} icon={IconMoodEmpty}>
        {uiText.notFound}
      </Empty>
    )
  }
  return (
    <Alert color="red" title={uiText.faultTitle} role="alert">
      <Stack gap="xs" align="start">
        <Text size="sm">{error.message}</Text>
        {error.requestId !== undefined && (
          <Text size="xs" className="berth-quiet berth-mono">
            {uiText.requestId(error.requestId)}
          </Text>
        )}
        {retry}
      </Stack>
    </Alert>
  )
}

/** Lines in the place of what is loading. */
export function Lines({ count = 6, height = 18 }: { count?: number; height?: number }) {
  return (
    <Stack gap="sm" className="berth-skeleton" role="status" aria-label={uiText.loading}>
      {Array.from({ length: count }, (_, index) => (
        <Bone key={index} height={height} width={`${96 - ((index * 17) % 40)}%`} />
      ))}
    </Stack>
  )
}

type Loaded<Data> = {
  readonly data: Data | undefined
  readonly error: Error | null
  readonly refetch: () => unknown
}

/** Shows what was read; before that its skeleton, or why it cannot be read. What is there stays when a later try fails. */
export function Show<Data>({
  of,
  skeleton = <Lines />,
  children,
}: {
  of: Loaded<Data>
  skeleton?: ReactNode
  children: (data: Data) => ReactNode
}) {
  if (of.data !== undefined) return children(of.data)
  if (of.error) return <Fault error={of.error} onRetry={() => void of.refetch()} />
  return skeleton
}
