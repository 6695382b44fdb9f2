/**
 * Control characters of every sort: C0, DEL and C1, the line separators of Unicode, and what turns the direction of text.
 * A terminal obeys them, or shows something else than what is there.
 */
const controls = /[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/gu
const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * A stranger's text (labels, history, names of tags in an answer) on one line, with every control character written out,
 * so that it cannot move the cursor, colour the screen or hide a part of itself.
 */
export function printable(text: string): string {
  return text
    .toWellFormed()
    .replace(
      controls,
      (character) =>
        named[character] ?? `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
    )
}
