import stringWidth from 'string-width'

/** Lines of at most `width` columns, broken between words; those after the first begin with `indent` spaces. */
export function wrapText(text: string, width: number, indent = 0): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const joined = line === '' ? word : `${line} ${word}`
    if (stringWidth(joined) <= width || line.trim() === '') line = joined
    else {
      lines.push(line)
      line = `${' '.repeat(indent)}${word}`
    }
  }
  return [...lines, line].join('\n')
}
