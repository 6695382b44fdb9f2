import { Box, Progress } from '@mantine/core'
import { projectText as text } from '../../text/projects.ts'
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
      <Progress
        size={4}
        mt={3}
        value={Math.min(share, 1) * 100}
        {...(share > 0.9 && { color: 'red.8' })}
        aria-label={text.quotaLabels[unit]}
      />
    </Box>
  )
}
