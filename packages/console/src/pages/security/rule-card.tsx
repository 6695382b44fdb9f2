import { ActionIcon, Box, Group, Text, UnstyledButton } from '@mantine/core'
import {
  IconArrowDown,
  IconArrowUp,
  IconChevronDown,
  IconChevronRight,
  IconCopy,
  IconTrash,
} from '@tabler/icons-react'
import { useId } from 'react'
import { policyText as text } from '../../text/policy.ts'
import { Badge } from '../../ui/badge.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import type { Draft, RuleFault } from './policy-document.ts'
import { RuleForm } from './rule-form.tsx'
import type { RuleValue } from '../../resources/rule-schema.ts'
import { RuleBadges } from '../../resources/rule-summary.tsx'
import { summaryOf, textOf } from '../../resources/rule-words.ts'

export type RuleMove = 'up' | 'down' | 'duplicate' | 'remove'

/** One rule: closed, what it says in a line; open, all its fields. */
export function RuleCard({
  draft,
  place,
  count,
  faults,
  isOpen,
  onToggle,
  onChange,
  onMove,
  isReadOnly,
}: {
  draft: Draft
  /** From 1 on. */
  place: number
  count: number
  faults: readonly RuleFault[]
  isOpen: boolean
  onToggle: () => void
  onChange: (rule: RuleValue) => void
  onMove: (move: RuleMove) => void
  isReadOnly: boolean
}) {
  const bodyId = useId()
  const rule = draft.value
  const name = textOf(rule['name'])
  const Chevron = isOpen ? IconChevronDown : IconChevronRight
  const buttons = [
    ['up', text.moveUp(name), IconArrowUp, place === 1],
    ['down', text.moveDown(name), IconArrowDown, place === count],
    ['duplicate', text.duplicate(name), IconCopy, false],
    ['remove', text.removeRule(name), IconTrash, false],
  ] as const
  return (
    <Box component="li" className="berth-panel" data-rule={draft.key} style={{ listStyle: 'none' }}>
      <Group justify="space-between" wrap="nowrap" gap="xs" p="sm" align="flex-start">
        <UnstyledButton
          aria-expanded={isOpen}
          aria-controls={bodyId}
          onClick={onToggle}
          flex={1}
          miw={0}
        >
          <Group gap="xs" wrap="nowrap" align="flex-start">
            <Chevron size={18} aria-hidden style={{ flex: 'none', marginTop: 3 }} />
            <Box miw={0}>
              <Group gap="xs">
                <Text fw={600}>
                  <ForeignText text={name} max={64} />
                </Text>
                <RuleBadges rule={rule} />
                {faults.length > 0 && <Badge color="red">{text.ruleFaults(faults.length)}</Badge>}
              </Group>
              <Text size="sm" className="berth-quiet" style={{ overflowWrap: 'anywhere' }}>
                {summaryOf(rule)}
              </Text>
            </Box>
          </Group>
        </UnstyledButton>
        {!isReadOnly && (
          <Group gap={2} wrap="nowrap">
            {buttons.map(([move, label, Icon, isOff]) => (
              <ActionIcon
                key={move}
                variant="subtle"
                color="gray"
                aria-label={label}
                title={label}
                data-move={move}
                disabled={isOff}
                onClick={() => onMove(move)}
              >
                <Icon size={17} aria-hidden />
              </ActionIcon>
            ))}
          </Group>
        )}
      </Group>
      <div id={bodyId} role="group" aria-label={text.expand(name)}>
        {isOpen && (
          <RuleForm rule={rule} faults={faults} onChange={onChange} isReadOnly={isReadOnly} />
        )}
      </div>
    </Box>
  )
}
