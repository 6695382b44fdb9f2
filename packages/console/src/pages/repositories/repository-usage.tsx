import { readRepositoryUsage } from '@berth/api/quotas.ts'
import { Box, Text } from '@mantine/core'
import { useApi } from '../../api/queries.ts'
import { repositoryText } from '../../text/repositories.ts'
import { KeyValues } from '../../ui/key-values.tsx'
import { Section } from '../../ui/page.tsx'
import { Lines, Show } from '../../ui/states.tsx'
import { formatBytes } from '../../ui/units.ts'
import { useRepository } from './repository-context.ts'

const text = repositoryText.settings

/** What the repository holds, and what of it would be freed. */
export function RepositoryUsage() {
  const { repository } = useRepository()
  const read = useApi(readRepositoryUsage, { params: { repository: repository.name } })
  return (
    <Section title={text.usage} lead={text.usageLead}>
      <Show of={read} skeleton={<Lines count={5} />}>
        {({ body }) => (
          <Box className="berth-panel" p="md">
            <KeyValues
              items={[
                [text.bytes, formatBytes(body.bytes)],
                [text.manifestBytes, formatBytes(body.manifestBytes)],
                [text.uniqueBytes, formatBytes(body.uniqueBytes)],
                [text.sharedBytes, formatBytes(body.sharedBytes)],
                [text.reclaimable, formatBytes(body.reclaimableBytes)],
              ]}
            />
            {!body.complete && <Text size="sm">{text.incomplete}</Text>}
          </Box>
        )}
      </Show>
    </Section>
  )
}
