import type { job } from '@berth/api/jobs.ts'
import { Box, Progress, Stack, Text } from '@mantine/core'
import type * as z from 'zod'
import { jobsText } from '../../text/jobs.ts'
import { Badge } from '../../ui/badge.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { KeyValues } from '../../ui/key-values.tsx'
import { spacedName } from '../../ui/spaced-name.ts'
import { formatBytes, formatCount, formatShare } from '../../ui/units.ts'

export type Job = z.output<typeof job>

const colors = {
  waiting: 'gray',
  running: 'blue',
  succeeded: 'teal',
  failed: 'red',
  cancelled: 'gray',
} as const

export function JobStateBadge({ state }: { state: Job['state'] }) {
  return <Badge color={colors[state]}>{jobsText.states[state]}</Badge>
}

/** Whether it may still change by itself, so that a page has to look again. */
export function isMoving({ state }: Job): boolean {
  return state === 'waiting' || state === 'running'
}

/** Whether it only looks what it would do. */
export function isDryRun({ payload }: Job): boolean {
  return isRecord(payload) && payload['dryRun'] === true
}

/** How far it has come, where that is known. */
export function JobProgress({ job: { state, completion } }: { job: Job }) {
  if (completion === null) return state === 'running' ? jobsText.unknownProgress : null
  const { done, total, unit } = completion
  const write = unit === 'bytes' ? formatBytes : formatCount
  const share = total === 0 ? 0 : Math.min(done / total, 1)
  return (
    <Box miw={140}>
      <Progress.Root size="sm">
        <Progress.Section value={share * 100} aria-label={jobsText.progress} />
      </Progress.Root>
      <Text size="xs" className="berth-quiet">
        {formatShare(share)}, {jobsText.of(write(done), write(total))}
      </Text>
    </Box>
  )
}

/** What a job was asked for, or what it did: named values and groups of them, whatever kind of job it is. */
export function JobValues({ value }: { value: unknown }) {
  if (value === null || value === undefined) return null
  if (!isRecord(value)) return <ForeignText text={JSON.stringify(value)} />
  const entries = Object.entries(value).filter(([, each]) => each !== null && each !== undefined)
  return (
    <Stack gap="sm">
      <KeyValues
        items={entries
          .filter(([, each]) => !isRecord(each))
          .map(([name, each]) => [
            spacedName(name),
            <JobValue key={name} name={name} value={each} />,
          ])}
      />
      {entries
        .filter(([, each]) => isRecord(each))
        .map(([name, each]) => (
          <Box key={name}>
            <Text size="sm" fw={600} mb={4}>
              {spacedName(name)}
            </Text>
            <JobValues value={each} />
          </Box>
        ))}
    </Stack>
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function JobValue({ name, value }: { name: string; value: unknown }) {
  if (typeof value === 'number')
    return /bytes/i.test(name) ? formatBytes(value) : formatCount(value)
  if (typeof value === 'boolean') return value ? jobsText.yes : jobsText.no
  if (typeof value === 'string') return <ForeignText text={value} />
  return (
    <Text
      component="pre"
      size="xs"
      className="berth-mono"
      style={{ whiteSpace: 'pre-wrap', margin: 0 }}
    >
      <ForeignText text={JSON.stringify(value, undefined, 1)} max={4000} />
    </Text>
  )
}
