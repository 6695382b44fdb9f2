import { listJobs } from '@berth/api/jobs.ts'
import { readSystem } from '@berth/api/system.ts'
import { startVerification } from '@berth/api/verification.ts'
import { Box, Button } from '@mantine/core'
import { useApi, useApiAction } from '../../api/queries.ts'
import { useMay } from '../../api/session.ts'
import { jobsText } from '../../text/jobs.ts'
import { KeyValues } from '../../ui/key-values.tsx'
import { notifyDone, notifyFault } from '../../ui/notify.ts'
import { Section } from '../../ui/page.tsx'
import { Nothing, Show } from '../../ui/states.tsx'
import { formatCapped } from '../../ui/units.ts'
import { JobRun } from './job-run.tsx'

const refreshMs = 3000

/** Reads the whole store again, when somebody asks for it. */
export function Verification() {
  const mayManage = useMay('manageSystem')
  const system = useApi(readSystem, {})
  const runs = useApi(listJobs, { query: { name: 'verify', limit: 1 } }, { refreshMs })
  const start = useApiAction(startVerification, { changes: [listJobs] })
  const words = jobsText.verification
  const begin = async () => {
    try {
      await start.mutateAsync({ body: {} })
      notifyDone(words.started)
    } catch (error) {
      notifyFault(error)
    }
  }
  const damaged = system.data?.body.counts.damagedBlobs
  return (
    <Section title={words.title} lead={words.lead}>
      <Box className="berth-panel" p="md">
        <KeyValues
          items={[
            [words.damaged, damaged && (damaged.count === 0 ? words.none : formatCapped(damaged))],
          ]}
        />
        {mayManage && (
          <Button mt="md" variant="default" onClick={() => void begin()} loading={start.isPending}>
            {words.run}
          </Button>
        )}
      </Box>
      <Section title={words.latest} order={3}>
        <Show of={runs}>
          {({ body: { items } }) => {
            const [latest] = items
            return latest ? <JobRun job={latest} /> : <Nothing>{words.never}</Nothing>
          }}
        </Show>
      </Section>
    </Section>
  )
}
