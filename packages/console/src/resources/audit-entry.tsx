import type { auditEntry } from '@berth/api/audit.ts'
import { Box, Drawer, Stack, Text } from '@mantine/core'
import type * as z from 'zod'
import { auditText as text } from '../text/audit.ts'
import { Copy } from '../ui/copy.tsx'
import { ForeignText } from '../ui/foreign-text.tsx'
import { KeyValues } from '../ui/key-values.tsx'
import { Moment } from '../ui/time.tsx'
import { formatCount } from '../ui/units.ts'

export type Entry = z.output<typeof auditEntry>

/** One entry of the audit log, whole. */
export function AuditEntry({ entry, onClose }: { entry: Entry | undefined; onClose: () => void }) {
  return (
    <Drawer
      opened={entry !== undefined}
      onClose={onClose}
      position="right"
      size="lg"
      title={text.details}
    >
      {entry && (
        <Stack>
          <KeyValues
            items={[
              [text.at, <Moment key="at" at={entry.at} />],
              [
                text.action,
                <span key="action" className="berth-mono">
                  {entry.action}
                </span>,
              ],
              [
                text.target,
                <ForeignText key="target" text={`${entry.target.kind} ${entry.target.name}`} />,
              ],
              [
                text.actor,
                <ForeignText key="actor" text={`${entry.actor.kind} ${entry.actor.name}`} />,
              ],
              [text.project, entry.project === '' ? text.instance : entry.project],
              [text.outcome, entry.outcome],
              [text.address, entry.address],
              [text.requestId, <Copied key="request" value={entry.requestId} />],
              [
                text.position,
                entry.position === null ? text.unsealed : formatCount(entry.position),
              ],
              [text.hash, entry.hash !== null && <Copied key="hash" value={entry.hash} />],
            ]}
          />
          <Value title={text.before} value={entry.before} />
          <Value title={text.after} value={entry.after} />
        </Stack>
      )}
    </Drawer>
  )
}

function Copied({ value }: { value: string }) {
  if (value === '') return null
  return (
    <>
      <span className="berth-mono">{value}</span> <Copy text={value} />
    </>
  )
}

function Value({ title, value }: { title: string; value: unknown }) {
  if (value === null) return null
  return (
    <Box>
      <Text fw={600} size="sm">
        {title}
      </Text>
      <Box
        component="pre"
        className="berth-panel berth-mono"
        p="sm"
        m={0}
        style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}
      >
        <ForeignText text={JSON.stringify(value, undefined, 2)} max={4000} />
      </Box>
    </Box>
  )
}
