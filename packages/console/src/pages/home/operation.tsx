import { listJobs } from '@berth/api/jobs.ts'
import { readHealth, readSystem } from '@berth/api/system.ts'
import { SimpleGrid } from '@mantine/core'
import { IconAlertTriangle, IconCircleCheck, IconCircleX } from '@tabler/icons-react'
import { askAhead, useApi } from '../../api/queries.ts'
import { homeText } from '../../text/home.ts'
import { PageLink } from '../../ui/link.tsx'
import { Meter, toneOf } from '../../ui/meter.tsx'
import { Section } from '../../ui/page.tsx'
import { Lines, Show } from '../../ui/states.tsx'
import { formatBytes, formatCapped, formatSpan } from '../../ui/units.ts'
import { Figure } from '../../ui/figure.tsx'

const text = homeText.operation
const refreshMs = 30_000
const failedShown = 20
const failed = { query: { state: 'failed', limit: failedShown } } as const
const stateIcons = {
  ok: <IconCircleCheck size={20} color="var(--mantine-color-teal-text)" aria-hidden />,
  warning: <IconAlertTriangle size={20} color="var(--mantine-color-orange-text)" aria-hidden />,
  error: <IconCircleX size={20} color="var(--mantine-color-red-text)" aria-hidden />,
}

export function askForOperation(): void {
  askAhead(readHealth, {})
  askAhead(listJobs, failed)
  askAhead(readSystem, {})
}

/** For whoever runs this Berth: whether they have to do something. */
export function Operation() {
  const system = useApi(readSystem, {}, { refreshMs })
  return (
    <Section
      title={text.title}
      actions={
        <PageLink to="/administration/system" isSmall>
          {text.more}
        </PageLink>
      }
    >
      <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }}>
        <Health />
        <FailedJobs />
        <Show of={system} skeleton={<Lines count={2} />}>
          {({ body: { storage, counts, uptimeSeconds } }) => (
            <>
              <Storage {...storage} />
              <Figure
                label={text.holds}
                note={`${text.inRepositories(formatCapped(counts.repositories))} · ${text.up(formatSpan(uptimeSeconds * 1000))}`}
              >
                {text.manifests(formatCapped(counts.manifests))}
              </Figure>
            </>
          )}
        </Show>
      </SimpleGrid>
    </Section>
  )
}

function Health() {
  const health = useApi(readHealth, {}, { refreshMs })
  return (
    <Show of={health} skeleton={<Lines count={2} />}>
      {({ body: { state, checks } }) => {
        const worst = checks.find((check) => check.state === state)
        return (
          <Figure
            label={text.health}
            icon={stateIcons[state]}
            note={state === 'ok' ? undefined : worst?.message}
          >
            {text.states[state]}
          </Figure>
        )
      }}
    </Show>
  )
}

function FailedJobs() {
  const jobs = useApi(listJobs, failed, { refreshMs })
  return (
    <Show of={jobs} skeleton={<Lines count={2} />}>
      {({ body: { items, next } }) => (
        <Figure
          label={text.jobs}
          icon={items.length === 0 ? stateIcons.ok : stateIcons.warning}
          note={
            items.length > 0 &&
            text.jobsOf([...new Set(items.map(({ name }) => name))].slice(0, 3).join(', '))
          }
        >
          {items.length === 0 ? (
            text.noneFailed
          ) : (
            <PageLink to="/administration/jobs" search={{ state: 'failed' }}>
              {formatCapped({ count: items.length, isMore: next !== null })}
            </PageLink>
          )}
        </Figure>
      )}
    </Show>
  )
}

function Storage({
  freeBytes,
  totalBytes,
}: {
  freeBytes: number | null
  totalBytes: number | null
}) {
  if (freeBytes === null || totalBytes === null || totalBytes === 0) {
    return <Figure label={text.storage}>{text.noLimit}</Figure>
  }
  const used = (totalBytes - freeBytes) / totalBytes
  return (
    <Figure
      label={text.storage}
      note={
        <>
          {text.freeOf(formatBytes(totalBytes))}
          <Meter parts={[{ label: text.storage, share: used, ...toneOf(used) }]} />
        </>
      }
    >
      {formatBytes(freeBytes)}
    </Figure>
  )
}
