/** The text under `key` of what may be an object; nothing longer than a word. */
export function textIn(value: unknown, key: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const found = (value as Record<string, unknown>)[key]
  return typeof found === 'string' && found !== '' ? found.slice(0, 100) : undefined
}
