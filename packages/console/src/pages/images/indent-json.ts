const indentation = '  '

/**
 * JSON with a line for each member. Only white space between tokens is changed: numbers, escapes and keys that stand twice
 * stay as they are written, which reading and writing it anew would not keep. What is not JSON comes back as it is.
 */
export function indentJson(text: string): string {
  try {
    JSON.parse(text)
  } catch {
    return text
  }
  let depth = 0
  const line = () => `\n${indentation.repeat(depth)}`
  // Strings, empty lists and objects, marks, other words.
  const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|\[\s*\]|\{\s*\}|[[\]{},:]|[^\s"[\]{},:]+/g
  let written = ''
  for (const [token] of text.matchAll(tokens)) {
    if (token === '{' || token === '[') {
      depth++
      written += token + line()
    } else if (token === '}' || token === ']') {
      depth--
      written += line() + token
    } else if (token === ',') written += token + line()
    else if (token === ':') written += ': '
    else written += /^[[{]/.test(token) ? token.replaceAll(/\s/g, '') : token
  }
  return written
}
