import { ApiProblem } from '@berth/api/client.ts'
import { Alert } from '@mantine/core'
import type { ReactNode } from 'react'
import { repositoryText } from '../../text/repositories.ts'
import { Lines, Show } from '../../ui/states.tsx'

/** Shows what only scanning knows; an image that was not scanned is no fault, but has to be said. */
export function ShowScanned({
  of,
  children,
}: {
  of: { data: unknown; error: Error | null; refetch: () => unknown }
  children: () => ReactNode
}) {
  if (of.data === undefined && of.error instanceof ApiProblem && of.error.status === 409) {
    return <Alert color="gray">{repositoryText.compare.notKnown}</Alert>
  }
  return (
    <Show of={of} skeleton={<Lines count={4} />}>
      {children}
    </Show>
  )
}
