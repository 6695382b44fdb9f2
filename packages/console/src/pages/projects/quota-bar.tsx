import { Box } from '@mantine/core'
import { projectText as text } from '../../text/projects.ts'
import { Meter, toneOf } from '../../ui/meter.tsx'
import { formatBytes, formatCount } from '../../ui/units.ts'

/** How much is used, as a bar where there is a limit. */
export function QuotaBar({
  used,
  quota,
  unit,
}: {
  used: number
  quota: number | null
  unit: 'bytes' | 'repositories'
}) {
  const write = unit === 'bytes' ? formatBytes : formatCount
  if (quota === null) return write(used)
  const share = quota === 0 ? 1 : used / quota
  return (
    <Box miw={120}>
      {text.ofQuota(write(used), write(quota))}
      <Meter parts={[{ label: text.quotaLabels[unit], share, ...toneOf(share) }]} />
    </Box>
  )
}
