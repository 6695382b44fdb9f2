import { nearestName } from '../build/nearest-name.ts'

/** What a pattern may name in braces. */
export const placeholders = [
  'version',
  'major',
  'minor',
  'patch',
  'revision',
  'branch',
  'environment',
  'timestamp',
] as const

type Placeholder = (typeof placeholders)[number]

const braces = /\{([^{}]*)\}/g

export function isPattern(text: string): boolean {
  return /[{}]/.test(text)
}

/** What is wrong with a pattern, as the end of a sentence; `undefined` when nothing is. */
export function patternFault(pattern: string): string | undefined {
  if (/[{}]/.test(pattern.replace(braces, ''))) return 'has a brace without its other half'
  for (const [, name = ''] of pattern.matchAll(braces)) {
    if (isPlaceholder(name)) continue
    const near = nearestName(name, placeholders)
    const hint = near === undefined ? '' : ` Did you mean {${near}}?`
    return `names {${name}}, which is not known.${hint} Allowed are ${placeholders.map((each) => `{${each}}`).join(', ')}`
  }
  return undefined
}

/** Puts the values in place of the braces; says which is missing, or what is wrong, when it cannot. */
export function fillPattern(
  pattern: string,
  values: Readonly<Record<Placeholder, string | undefined>>,
): { readonly text: string } | { readonly missing: string } {
  const fault = patternFault(pattern)
  if (fault !== undefined) return { missing: `the pattern ${pattern} ${fault}` }
  let missing: string | undefined
  const text = pattern.replace(braces, (_, name: Placeholder) => {
    const value = values[name]
    if (value === undefined) missing ??= name
    return value ?? ''
  })
  return missing === undefined
    ? { text }
    : { missing: `there is no ${missing} for the pattern ${pattern}` }
}

function isPlaceholder(name: string): name is Placeholder {
  return (placeholders as readonly string[]).includes(name)
}
