/**
 * A text as a tag: whatever a tag may not hold becomes `-`, and what it may not begin with goes. At most `length`
 * characters. Never empty: a text of which nothing is left becomes `_`.
 */
export function sanitizeTag(text: string, length: number): string {
  const bare = text
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, length)
    .replace(/-+$/, '')
  return bare === '' ? '_' : bare
}
