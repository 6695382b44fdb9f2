import { policyText as text } from '../text/policy.ts'
import type { RuleValue } from './rule-schema.ts'
import { textOf } from './rule-words.ts'
import { Badge } from '../ui/badge.tsx'

/** Its mode, and when it is judged. */
export function RuleBadges({ rule }: { rule: RuleValue }) {
  const mode = textOf(rule['mode'] ?? 'enforce')
  const modes: Readonly<Record<string, string>> = text.modes
  const stages: Readonly<Record<string, string>> = text.stages
  const on = Array.isArray(rule['on']) ? rule['on'].map(textOf) : ['pull']
  return (
    <>
      <Badge color={mode === 'enforce' ? 'red' : 'plain'}>{modes[mode] ?? mode}</Badge>
      <Badge color="plain">{on.map((stage) => stages[stage] ?? stage).join(', ')}</Badge>
    </>
  )
}
