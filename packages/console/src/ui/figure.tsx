import { Box, Group, Text } from '@mantine/core'
import type { ReactNode } from 'react'

/** One number that says something at a glance, and what it is about. */
export function Figure({
  label,
  icon,
  children,
  note,
}: {
  label: string
  icon?: ReactNode
  children: ReactNode
  note?: ReactNode
}) {
  return (
    <Box className="berth-panel" p="md" miw={0}>
      <Text size="sm" className="berth-quiet">
        {label}
      </Text>
      <Group gap={6} wrap="nowrap" align="center">
        {icon}
        <Text component="div" size="lg" fw={650} style={{ overflowWrap: 'anywhere' }} miw={0}>
          {children}
        </Text>
      </Group>
      {note !== undefined && (
        <Text component="div" size="sm" className="berth-quiet">
          {note}
        </Text>
      )}
    </Box>
  )
}
