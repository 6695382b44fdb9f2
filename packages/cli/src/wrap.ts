/**
 * Breaks a text between words, so that no line is wider than `width`; lines that are there stay. A word that is wider by
 * itself is left whole: it is a path or an image, which somebody may want to copy. Without `width`, as in a pipe, nothing
 * is broken.
 */
export function wrapText(text: string, width: number | undefined): string {
  if (width === undefined) return text
  return text
    .split('\n')
    .flatMap((line) => wrapLine(line, Math.max(20, width)))
    .join('\n')
}

function wrapLine(line: string, width: number): readonly string[] {
  if (line.length <= width) return [line]
  const indent = /^ */.exec(line)?.[0] ?? ''
  const lines: string[] = []
  let current = indent
  for (const word of line.slice(indent.length).split(' ')) {
    const isFirst = current === indent
    if (!isFirst && current.length + 1 + word.length > width) {
      lines.push(current)
      current = indent + word
    } else current += isFirst ? word : ` ${word}`
  }
  return [...lines, current]
}
