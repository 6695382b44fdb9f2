import { policyText as text } from '../text/policy.ts'
import { type RuleValue, templateOf, withoutDefaults } from './rule-schema.ts'

/** What is in the document where a text should be; anything else is shown as it is written. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** What a rule demands and where, as short as it can be said. */
export function summaryOf(rule: RuleValue): string {
  const template = templateOf(rule)
  if (template === undefined) return ''
  const settings = withoutDefaults(rule)[template]
  const said =
    typeof settings === 'object' && settings !== null
      ? Object.entries(settings).map(([name, value]) => `${name} ${plainText(value)}`)
      : []
  const where = (['repositories', 'tags', 'platforms'] as const).flatMap((name) =>
    rule[name] === undefined ? [] : [`${name} ${plainText(rule[name])}`],
  )
  return [text.templates[template], ...said, ...where].join(' · ').slice(0, 240)
}

function plainText(value: unknown): string {
  return Array.isArray(value) ? value.map(textOf).join(', ') : textOf(value)
}
