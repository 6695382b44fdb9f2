import { Group, Stack, Text } from '@mantine/core'
import { jobsText } from '../../text/jobs.ts'
import { PageLink } from '../../ui/link.tsx'
import { Ago } from '../../ui/time.tsx'
import { isDryRun, type Job, JobProgress, JobStateBadge, JobValues } from './job-parts.tsx'

/** A run of collection or verification, with what it did. */
export function JobRun({ job }: { job: Job }) {
  return (
    <Stack gap="sm" className="berth-panel" p="md">
      <Group gap="sm">
        <JobStateBadge state={job.state} />
        <Text size="sm" component="div">
          <Ago at={job.finishedAt ?? job.startedAt ?? job.createdAt} />
        </Text>
        <PageLink to="/administration/jobs/$job" params={{ job: job.id }} isSmall>
          {jobsText.open}
        </PageLink>
      </Group>
      <JobProgress job={job} />
      {isDryRun(job) && job.result !== null && (
        <Text size="sm">{jobsText.collection.dryRunDone}</Text>
      )}
      <JobValues value={job.result} />
    </Stack>
  )
}
