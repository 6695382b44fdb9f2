import { packageKind } from '@berth/api/scans.ts'
import { ActionIcon, Box, Button, Group, Input, Select, Stack, TextInput } from '@mantine/core'
import { IconTrash } from '@tabler/icons-react'
import { policyText as text } from '../../text/policy.ts'

type Entry = { readonly name?: unknown; readonly kind?: unknown; readonly below?: unknown }

/** Packages with an optional kind and version. */
export function DeniedPackages({
  value,
  fault,
  onChange,
  isReadOnly,
}: {
  value: unknown
  fault: string | undefined
  onChange: (value: unknown) => void
  isReadOnly: boolean
}) {
  const entries = Array.isArray(value) ? (value as readonly Entry[]) : []
  const change = (index: number, changes: Entry) =>
    onChange(entries.map((entry, at) => (at === index ? { ...entry, ...changes } : entry)))
  return (
    <Input.Wrapper label={text.labels['packages']} error={fault} labelElement="div" required>
      <Stack gap={6} mt={4}>
        {entries.map((entry, index) => {
          const name = typeof entry.name === 'string' ? entry.name : ''
          return (
            <Group key={index} gap={6} wrap="wrap" align="flex-end">
              <TextInput
                size="xs"
                label={text.packageName}
                value={name}
                onChange={(event) => change(index, { name: event.currentTarget.value })}
                disabled={isReadOnly}
                spellCheck={false}
                flex="2 1 8rem"
                miw={0}
              />
              <Select
                size="xs"
                label={text.packageKind}
                data={packageKind.options}
                placeholder={text.anyKind}
                value={typeof entry.kind === 'string' ? entry.kind : null}
                onChange={(kind) => change(index, { kind: kind ?? undefined })}
                clearable
                disabled={isReadOnly}
                w={110}
              />
              <TextInput
                size="xs"
                label={text.packageBelow}
                value={typeof entry.below === 'string' ? entry.below : ''}
                onChange={(event) =>
                  change(index, { below: event.currentTarget.value || undefined })
                }
                disabled={isReadOnly}
                spellCheck={false}
                flex="1 1 7rem"
                miw={0}
              />
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={text.removePackage(name)}
                onClick={() => onChange(entries.filter((_, at) => at !== index))}
                disabled={isReadOnly}
              >
                <IconTrash size={16} aria-hidden />
              </ActionIcon>
            </Group>
          )
        })}
        <Box>
          <Button
            size="xs"
            variant="default"
            onClick={() => onChange([...entries, { name: '' }])}
            disabled={isReadOnly}
          >
            {text.addPackage}
          </Button>
        </Box>
      </Stack>
    </Input.Wrapper>
  )
}
