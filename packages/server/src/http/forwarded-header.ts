type ForwardedElement = Readonly<{
  for?: string
  host?: string
  proto?: string
}>

const maxLength = 4096

/** One `name=value` with what ends it; the value is a token or a quoted string. Sticky, so that nothing is skipped. */
const pairPattern =
  /[ \t]*([!#$%&'*+.^_`|~\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;,"\\]+))[ \t]*(;|,|$)/y

/**
 * Parses a `Forwarded` header (RFC 7239 section 4): one element per proxy, the client's side first.
 * `undefined` when it is absent, malformed or longer than 4096 characters. Values are not checked.
 */
export function parseForwarded(header: string | undefined): ForwardedElement[] | undefined {
  if (!header || header.length > maxLength) return undefined
  const elements: ForwardedElement[] = []
  let element: { for?: string; host?: string; proto?: string } = {}
  pairPattern.lastIndex = 0
  while (pairPattern.lastIndex < header.length) {
    const match = pairPattern.exec(header)
    if (!match) return undefined
    const [, name = '', quoted, token = '', end] = match
    const value = quoted?.replaceAll(/\\(.)/g, '$1') ?? token
    const key = name.toLowerCase()
    if (key === 'for' || key === 'host' || key === 'proto') {
      if (element[key] !== undefined) return undefined
      element[key] = value
    }
    if (end === ';') continue
    elements.push(element)
    element = {}
  }
  return elements
}
