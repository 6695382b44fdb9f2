const blank = /[ \t\r\n]*/y
// Of the control characters only the first 32 are forbidden.
const string = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy
const scalar = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y

/**
 * Where a text stops being JSON: `line 3, column 7`. The runtime's own message will not do: it quotes what stands
 * there, which in a file of credentials is a secret. `undefined` when the text is JSON.
 */
export function findJsonFault(text: string): string | undefined {
  let at = 0
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at
    if (!pattern.test(text)) return false
    at = pattern.lastIndex
    return true
  }
  const takeSign = (signs: string): string => {
    take(blank)
    const sign = text[at] ?? ''
    if (sign === '' || !signs.includes(sign)) return ''
    at += 1
    return sign
  }
  // What is open, the innermost last; a stack of its own, so that depth costs no calls.
  const open: string[] = []
  const isWhole = (): boolean => {
    let wants: 'value' | 'key' | 'next' = 'value'
    let mayClose = false
    for (;;) {
      if (wants === 'next') {
        const sign = takeSign(open.at(-1) === '{' ? ',}' : ',]')
        if (sign === '') return false
        if (sign === ',') wants = open.at(-1) === '{' ? 'key' : 'value'
        else open.pop()
        mayClose = false
      } else if (mayClose && takeSign(open.at(-1) === '{' ? '}' : ']') !== '') {
        open.pop()
        wants = 'next'
        mayClose = false
      } else if (wants === 'key') {
        take(blank)
        if (!take(string) || takeSign(':') === '') return false
        wants = 'value'
        mayClose = false
      } else {
        const opened = takeSign('{[')
        if (opened !== '') {
          open.push(opened)
          wants = opened === '{' ? 'key' : 'value'
          mayClose = true
          continue
        }
        if (!take(string) && !take(scalar)) return false
        wants = 'next'
      }
      if (open.length === 0) {
        take(blank)
        return at === text.length
      }
    }
  }
  if (isWhole()) return undefined
  const before = text.slice(0, at).split('\n')
  return `line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`
}
