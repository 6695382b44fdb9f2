import { ClientError } from '@berth/client/client-error.ts'

/** Tells whether a text is meant. `source` is the pattern as it was written. */
export type Pattern = { readonly source: string; readonly matches: (text: string) => boolean }

const lengthMax = 500
const special = /[\\^$.|+()[\]{}*?]/

/**
 * Reads a pattern: `/expression/` or `/expression/i` is a regular expression that has to fit somewhere; anything else is
 * a glob for the whole text, where `*` is any run without a slash, `**` any run, `?` one character, `[a-z]` and `[!a-z]`
 * one of a set, `{a,b}` one of several. Throws `inputInvalid`.
 */
export function parsePattern(source: string): Pattern {
  if (source === '' || source.length > lengthMax) {
    throw faulty(
      source,
      source === '' ? 'it is empty' : `it is longer than ${lengthMax} characters`,
    )
  }
  const written = /^\/(.+)\/(i?)$/s.exec(source)
  const expression = written === null ? globExpression(source) : (written[1] ?? '')
  try {
    const compiled = new RegExp(expression, `v${written?.[2] ?? ''}`)
    return { source, matches: (text) => compiled.test(text) }
  } catch (cause) {
    throw faulty(source, cause instanceof Error ? cause.message : String(cause))
  }
}

function globExpression(glob: string): string {
  let expression = ''
  let depth = 0
  for (let at = 0; at < glob.length; at += 1) {
    const character = glob[at] ?? ''
    if (character === '*') {
      const isAny = glob[at + 1] === '*'
      if (isAny) at += 1
      expression += isAny ? '.*' : '[^\\/]*'
    } else if (character === '?') expression += '[^\\/]'
    else if (character === '[') {
      const end = glob.indexOf(']', at + 2)
      if (end === -1) throw faulty(glob, 'a "[" is not closed')
      expression += characterSet(glob.slice(at + 1, end))
      at = end
    } else if (character === '{') {
      depth += 1
      expression += '(?:'
    } else if (character === '}' && depth > 0) {
      depth -= 1
      expression += ')'
    } else if (character === ',' && depth > 0) expression += '|'
    else if (special.test(character) || character === '/') expression += `\\${character}`
    else expression += character
  }
  if (depth > 0) throw faulty(glob, 'a "{" is not closed')
  return `^(?:${expression})$`
}

/** Ranges stay; whatever else means something inside brackets of a regular expression is taken literally. */
function characterSet(inside: string): string {
  const isNegated = inside.startsWith('!') || inside.startsWith('^')
  const set = isNegated ? inside.slice(1) : inside
  return `[${isNegated ? '^' : ''}${set.replace(/[\\^$.|+()[\]{}*?/&!#%,:;<=>@`~]/g, String.raw`\$&`)}]`
}

function faulty(source: string, fault: string): ClientError {
  return new ClientError(
    'inputInvalid',
    `The pattern "${source.slice(0, 100)}" cannot be read: ${fault}.`,
    {
      next: 'Write a glob such as "1.*", or a regular expression between slashes such as "/^pr-[0-9]+$/".',
    },
  )
}
