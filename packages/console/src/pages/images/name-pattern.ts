/** Whether a pattern of repository names fits a name: `*` is any but `/`, `**` any, `?` one, `{a,b}` one of several. */
export function fitsPattern(pattern: string, name: string): boolean {
  let depth = 0
  const source = pattern.replaceAll(/\*\*|[*?{},]|[^*?{},]+/g, (part) => {
    switch (part) {
      case '**':
        return '.*'
      case '*':
        return '[^/]*'
      case '?':
        return '[^/]'
      case '{':
        depth += 1
        return '(?:'
      case '}':
        if (depth === 0) return '\\}'
        depth -= 1
        return ')'
      case ',':
        return depth > 0 ? '|' : ','
      default:
        return RegExp.escape(part)
    }
  })
  if (depth > 0) return false
  return new RegExp(`^${source}$`).test(name)
}
