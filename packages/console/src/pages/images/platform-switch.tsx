import { Group, NativeSelect, Text } from '@mantine/core'
import { useId } from 'react'
import { imageText as text } from '../../text/images.ts'
import { useFilters } from '../../ui/filters.ts'
import { visible } from '../../ui/foreign-text.tsx'
import type { Choice } from './platforms.ts'

/** Which image of an index all tabs speak of; it stands in the address. */
export function PlatformSwitch({
  choices,
  chosen,
}: {
  choices: readonly Choice[]
  chosen: Choice | undefined
}) {
  const [, setFilters] = useFilters()
  const id = useId()
  return (
    <Group gap="xs">
      <Text component="label" htmlFor={id} size="sm" fw={600}>
        {text.facts.platform}
      </Text>
      <NativeSelect
        id={id}
        data={choices.map(({ value, label }) => ({ value, label: visible(label) }))}
        value={chosen?.value ?? ''}
        onChange={({ currentTarget }) => {
          // What was opened of one platform is not in another.
          setFilters({
            platform: currentTarget.value,
            finding: undefined,
            layer: undefined,
            path: undefined,
          })
        }}
        miw={200}
      />
    </Group>
  )
}
