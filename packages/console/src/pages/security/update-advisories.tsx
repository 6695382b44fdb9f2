import { readAdvisories, updateAdvisories } from '@berth/api/advisories.ts'
import { readJob } from '@berth/api/jobs.ts'
import { Alert, Button, Group, Progress, Stack, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type * as z from 'zod'
import { keyOf, useApi, useApiAction } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { securityText } from '../../text/security.ts'
import { Badge } from '../../ui/badge.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { PageLink } from '../../ui/link.tsx'
import { Section } from '../../ui/page.tsx'
import { Ago } from '../../ui/time.tsx'

type Update = z.output<typeof readAdvisories.answer>['update']
const text = securityText.advisories

/** Fetching advisories from where they are published: what became of it last, and now. */
export function UpdateAdvisories({ update, mayUpdate }: { update: Update; mayUpdate: boolean }) {
  const { isEnabled, lastRun } = update
  const [job, setJob] = useState<string>()
  const start = useApiAction(updateAdvisories, { onDone: ({ id }) => setJob(id) })
  return (
    <Section
      title={text.updateLast}
      lead={isEnabled ? undefined : text.updateOff}
      actions={
        isEnabled &&
        mayUpdate && (
          <Button onClick={() => start.mutate({})} loading={start.isPending}>
            {text.update}
          </Button>
        )
      }
    >
      {start.error && (
        <Alert color="red" role="alert">
          {start.error.message}
        </Alert>
      )}
      {job !== undefined && <UpdateJob id={job} />}
      {lastRun !== null && (
        <Group gap="xs">
          <Badge color={lastRun.hasFailed ? 'red' : 'plain'}>{text.jobStates[lastRun.state]}</Badge>
          <Ago at={lastRun.finishedAt} />
          {lastRun.hasFailed && <Text size="sm">{text.updateFailed}</Text>}
        </Group>
      )}
    </Section>
  )
}

/** How far the update has come that was just asked for. */
function UpdateJob({ id }: { id: string }) {
  const mayRead = useMay('readSystem')
  const client = useQueryClient()
  const job = useApi(readJob, { params: { job: id } }, { isEnabled: mayRead }, ({ state }) =>
    state === 'waiting' || state === 'running' ? 1000 : false,
  )
  const { state, completion, error } = job.data?.body ?? {}
  const isOver = state === 'succeeded' || state === 'failed' || state === 'cancelled'
  useEffect(() => {
    if (isOver) void client.invalidateQueries({ queryKey: keyOf(readAdvisories).slice(0, 2) })
  }, [isOver, client])
  const share = completion && completion.total > 0 ? completion.done / completion.total : undefined
  return (
    <Stack gap="xs">
      <Group gap="xs" role="status">
        <Text size="sm">{state === undefined ? text.updateStarted : text.jobStates[state]}</Text>
        {mayRead && (
          <PageLink to="/administration/jobs/$job" params={{ job: id }} isSmall>
            {text.toJob}
          </PageLink>
        )}
      </Group>
      {!isOver && state !== undefined && (
        <Progress
          value={share === undefined ? 100 : share * 100}
          animated={share === undefined}
          aria-label={text.update}
        />
      )}
      {typeof error === 'string' && (
        <Alert color="red">
          <ForeignText text={error} />
        </Alert>
      )}
    </Stack>
  )
}
