import { ActionIcon, Menu, Stack } from '@mantine/core'
import { IconDots } from '@tabler/icons-react'
import { machineText as text } from '../text/machines.ts'
import { keysText } from '../text/profile.ts'
import { ForeignText } from '../ui/foreign-text.tsx'
import type { Action } from './machine-fields.tsx'

export function MayDo({ actions }: { actions: readonly Action[] }) {
  return actions.map((action) => keysText.actions[action]).join(', ')
}

/** Patterns, one under the other. */
export function Patterns({ patterns }: { patterns: readonly string[] }) {
  return (
    <Stack gap={0} className="berth-mono">
      {patterns.map((pattern) => (
        <span key={pattern}>
          <ForeignText text={pattern} max={120} />
        </span>
      ))}
    </Stack>
  )
}

/** What can be done with a row. */
export function RowMenu({
  name,
  items,
}: {
  name: string
  items: readonly { readonly label: string; readonly onClick: () => void }[]
}) {
  return (
    <Menu position="bottom-end" returnFocus>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={text.more(name)}>
          <IconDots size={17} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {items.map(({ label, onClick }) => (
          <Menu.Item key={label} onClick={onClick}>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
