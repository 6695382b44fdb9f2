import { Box, Progress, Text } from '@mantine/core'
import { projectText as text } from '../../text/projects.ts'
import { formatBytes } from '../../ui/units.ts'

/** How much is used, as a bar where there is a limit. */
export function QuotaBar({ bytes, quota }: { bytes: number; quota: number | null }) {
  if (quota === null) return formatBytes(bytes)
  const share = quota === 0 ? 1 : bytes / quota
  return (
    <Box miw={120}>
      <Progress
        size="sm"
        value={Math.min(share, 1) * 100}
        {...(share > 0.9 && { color: 'red.8' })}
        aria-label={text.quotaLabel}
      />
      <Text size="xs" component="div">
        {text.ofQuota(formatBytes(bytes), formatBytes(quota))}
      </Text>
    </Box>
  )
}
