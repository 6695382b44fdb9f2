import { Badge } from '@mantine/core'
import { policyText as text } from '../text/policy.ts'
import type { RuleValue } from './rule-schema.ts'
import { textOf } from './rule-words.ts'

const modeColors: Readonly<Record<string, string>> = { enforce: 'red.9', warn: '#b93a05' }

/** Its mode, and when it is judged. */
export function RuleBadges({ rule }: { rule: RuleValue }) {
  const mode = textOf(rule['mode'] ?? 'enforce')
  const modes: Readonly<Record<string, string>> = text.modes
  const stages: Readonly<Record<string, string>> = text.stages
  const on = Array.isArray(rule['on']) ? rule['on'].map(textOf) : ['pull']
  return (
    <>
      <Badge
        variant={mode === 'enforce' ? 'filled' : 'default'}
        color={modeColors[mode] ?? 'gray.7'}
        radius="sm"
        tt="none"
      >
        {modes[mode] ?? mode}
      </Badge>
      <Badge variant="default" radius="sm" tt="none">
        {on.map((stage) => stages[stage] ?? stage).join(', ')}
      </Badge>
    </>
  )
}
