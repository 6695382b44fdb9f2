import { cancelJob, readJob, readJobLog, retryJob } from '@berth/api/jobs.ts'
import { Alert, Box, Button, SimpleGrid, Text } from '@mantine/core'
import { useParams } from '@tanstack/react-router'
import { useApi, useApiAction } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { jobsText as text } from '../../text/jobs.ts'
import { Badge } from '../../ui/badge.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { KeyValues } from '../../ui/key-values.tsx'
import { PageLink } from '../../ui/link.tsx'
import { notifyDone, notifyFault } from '../../ui/notify.ts'
import { Page, Section } from '../../ui/page.tsx'
import { Show } from '../../ui/states.tsx'
import { Ago } from '../../ui/time.tsx'
import { isMoving, type Job, JobProgress, JobStateBadge, JobValues } from './job-parts.tsx'

const liveMs = 1500

export default function JobPage() {
  const { job: id = '' } = useParams({ strict: false })
  const job = useApi(readJob, { params: { job: id } }, {}, (read) =>
    isMoving(read) ? liveMs : false,
  )
  return (
    <Page
      title={job.data?.body.name ?? text.title}
      above={<PageLink to="/administration/jobs">{text.above}</PageLink>}
      actions={job.data && <Actions job={job.data.body} />}
    >
      <Show of={job}>
        {({ body }) => (
          <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
            <Facts job={body} />
            <Log id={id} />
          </SimpleGrid>
        )}
      </Show>
    </Page>
  )
}

function Actions({ job }: { job: Job }) {
  const mayManage = useMay('manageSystem')
  const cancel = useApiAction(cancelJob)
  const retry = useApiAction(retryJob)
  if (!mayManage) return null
  const ask = async (action: typeof cancel | typeof retry, done: string) => {
    try {
      await action.mutateAsync({ params: { job: job.id } })
      notifyDone(done)
    } catch (error) {
      notifyFault(error)
    }
  }
  if (isMoving(job)) {
    return (
      <Button
        variant="default"
        disabled={job.cancelRequested}
        onClick={() => void ask(cancel, text.stopped)}
      >
        {job.cancelRequested ? text.stopping : text.stop}
      </Button>
    )
  }
  if (job.state === 'succeeded') return null
  return <Button onClick={() => void ask(retry, text.retried)}>{text.retry}</Button>
}

function Facts({ job }: { job: Job }) {
  return (
    <Box>
      <Box className="berth-panel" p="md" mb="md">
        <KeyValues
          items={[
            [text.state, <JobStateBadge key="state" state={job.state} />],
            [text.progress, isMoving(job) && <JobProgress key="progress" job={job} />],
            [text.requestedBy, <bdi key="by">{job.requestedBy}</bdi>],
            [text.created, <Ago key="created" at={job.createdAt} />],
            [text.started, job.startedAt !== null && <Ago key="started" at={job.startedAt} />],
            [text.finished, job.finishedAt !== null && <Ago key="ended" at={job.finishedAt} />],
            [text.attempts, text.attemptsOf(job.attempts, job.maxAttempts)],
          ]}
        />
      </Box>
      {job.error !== null && (
        <Alert color="red" title={text.fault} mb="md">
          <ForeignText text={job.error} />
        </Alert>
      )}
      {job.result !== null && (
        <Section title={text.result}>
          <Box className="berth-panel" p="md" mb="md">
            <JobValues value={job.result} />
          </Box>
        </Section>
      )}
      <Section title={text.asked}>
        <Box className="berth-panel" p="md">
          <JobValues value={job.payload} />
        </Box>
      </Section>
    </Box>
  )
}

const levelColors = { info: 'gray', warning: 'amber', error: 'red' } as const

function Log({ id }: { id: string }) {
  const log = useApi(readJobLog, { params: { job: id } }, {}, ({ isOver }) => !isOver && liveMs)
  return (
    <Section title={text.log}>
      <Show of={log}>
        {({ body }) => (
          <Box
            className="berth-panel berth-mono"
            p="sm"
            mah="32rem"
            style={{ overflow: 'auto' }}
            tabIndex={0}
            role="log"
            aria-label={text.log}
          >
            {body.dropped > 0 && <Text size="xs">{text.logDropped(body.dropped)}</Text>}
            {body.items.length === 0 && <Text size="sm">{text.logEmpty}</Text>}
            {body.items.map(({ number, at, level, text: line }) => (
              <Text key={number} size="xs" component="div">
                <span className="berth-quiet">{at.slice(11, 19)} </span>
                {level !== 'info' && <Badge color={levelColors[level]}>{text.levels[level]}</Badge>}
                <ForeignText text={line} />
              </Text>
            ))}
          </Box>
        )}
      </Show>
    </Section>
  )
}
