/** Longer words are cut: an index row has its limits, and nobody looks for the end of a long text. */
const wordMax = 200

/** How words and what is looked for are compared: one Unicode form, small letters, nothing a database cannot hold. */
export function fold(text: string): string {
  return storable(text)
    .normalize('NFC')
    .toLowerCase()
    .slice(0, 2 * wordMax)
    .toWellFormed()
}

/** A word as it is kept. */
export function word(text: string): string {
  return storable(text).slice(0, wordMax).toWellFormed()
}

function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\u{fffd}')
}
