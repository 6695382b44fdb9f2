import { Box, Progress } from '@mantine/core'
import { projectText as text } from '../../text/projects.ts'
import { formatBytes } from '../../ui/units.ts'

/** How much is used, as a bar where there is a limit. */
export function QuotaBar({ bytes, quota }: { bytes: number; quota: number | null }) {
  if (quota === null) return formatBytes(bytes)
  const share = quota === 0 ? 1 : bytes / quota
  return (
    <Box miw={120}>
      {text.ofQuota(formatBytes(bytes), formatBytes(quota))}
      <Progress
        size={4}
        mt={3}
        value={Math.min(share, 1) * 100}
        {...(share > 0.9 && { color: 'red.8' })}
        aria-label={text.quotaLabel}
      />
    </Box>
  )
}
