import type { Facts } from './facts.ts'
import type { Violation } from './judgement.ts'

/** Room for the address that follows, so that all of it stays below a kilobyte. */
const bytesMax = 700
const rulesNamedMax = 6

/**
 * One line of ASCII for whoever is blocked: policy, the worst that breaks each rule, how many more, and how old the
 * scan is. The same however much later it is read. Empty when nothing of this mode is wrong.
 */
export function messageOf(
  violations: readonly Violation[],
  mode: Violation['mode'],
  facts: Facts,
): string {
  const byRule = new Map<string, Violation[]>()
  for (const violation of violations) {
    if (violation.mode !== mode) continue
    const key = JSON.stringify([violation.project, violation.rule])
    byRule.set(key, [...(byRule.get(key) ?? []), violation])
  }
  if (byRule.size === 0) return ''
  const parts = [...byRule.values()].slice(0, rulesNamedMax).map(phraseOf)
  if (byRule.size > rulesNamedMax) parts.push(`and more rules: ${byRule.size - rulesNamedMax}`)
  const verb = mode === 'enforce' ? 'blocked by' : 'breaks'
  const text = `${verb} Berth policy ${parts.join('; ')}.`
  const scan = scanText(facts)
  return cut(ascii(text), bytesMax - scan.length) + scan
}

function phraseOf(violations: readonly Violation[]): string {
  const [worst] = violations
  if (!worst) return ''
  const more = violations.length > 1 ? `, +${violations.length - 1} more` : ''
  const platform = worst.platform === undefined ? '' : ` [${worst.platform}]`
  return `"${worst.rule}": ${worst.phrase}${platform}${more}`
}

/** Of the image that was scanned longest ago. */
function scanText({ images }: Facts): string {
  const scanned = images.flatMap(({ scan }) =>
    scan.matchedAt === undefined ? [] : [{ at: scan.matchedAt, data: scan.dataBuiltAt }],
  )
  const [oldest] = scanned.toSorted((a, b) => (a.at < b.at ? -1 : Number(a.at > b.at)))
  if (!oldest) return ''
  const data = oldest.data === undefined ? '' : `, advisories of ${oldest.data.slice(0, 10)}`
  return ` Scan ${oldest.at.slice(0, 10)}${data}.`
}

function ascii(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?')
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 3)}...`
}
