import { readAuditStatus } from '@berth/api/audit.ts'
import { Box, Text } from '@mantine/core'
import { useApi } from '../../api/queries.ts'
import { AuditLog } from '../../resources/audit.tsx'
import { auditText as text } from '../../text/audit.ts'
import { Copy } from '../../ui/copy.tsx'
import { KeyValues } from '../../ui/key-values.tsx'
import { Page, Section } from '../../ui/page.tsx'
import { Show } from '../../ui/states.tsx'
import { formatCount } from '../../ui/units.ts'

export default function Audit() {
  return (
    <Page title={text.title} lead={text.lead}>
      <AuditLog project={undefined} />
      <Status />
    </Page>
  )
}

function Status() {
  const status = useApi(readAuditStatus, {}, { refreshMs: 15_000 })
  return (
    <Section title={text.status} lead={text.headHint}>
      <Show of={status}>
        {({ body: { head, removed, unsealed, forwarded } }) => (
          <Box className="berth-panel" p="md">
            <KeyValues
              items={[
                [
                  text.sealed,
                  <span key="head">
                    {text.sealedAt(formatCount(head.position))}{' '}
                    <span className="berth-mono">{head.hash.slice(0, 16)}</span>{' '}
                    <Copy text={`${head.position}:${head.hash}`} what={text.hash} />
                  </span>,
                ],
                [text.waiting, formatCount(unsealed)],
                [
                  text.removed,
                  removed.position === 0
                    ? text.nothingRemoved
                    : text.sealedAt(formatCount(removed.position)),
                ],
                [
                  text.forwarded,
                  forwarded.length > 0 &&
                    forwarded.map(({ name, waiting, failure }) => (
                      <Text key={name} size="sm">
                        {text.behind(name, formatCount(waiting))} {failure}
                      </Text>
                    )),
                ],
              ]}
            />
          </Box>
        )}
      </Show>
    </Section>
  )
}
