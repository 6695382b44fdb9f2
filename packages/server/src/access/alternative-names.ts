/** One of the names that a certificate gives besides its subject. */
export type AlternativeName = {
  /** As Node.js writes it: `DNS`, `URI`, `email`, `IP Address`, `othername`, … */
  readonly type: string
  readonly value: string
}

const charactersMax = 64 * 1024
const namesMax = 200
const typeGrammar = /([A-Za-z][A-Za-z ]*):/y
const quotedGrammar = /"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy
const plainGrammar = /[^"',\\\p{Cc}]*/uy

/**
 * Reads `subjectaltname` of `TLSSocket.getPeerCertificate()`: `DNS:a.example, URI:"spiffe://x/\u002c"`. A name with
 * special characters comes quoted as JSON (the answer of Node.js to CVE-2021-44532: without the quotes, a name could hold
 * `, DNS:` and pass for two). `undefined` for whatever does not have exactly this form.
 */
export function readAlternativeNames(text: string): AlternativeName[] | undefined {
  if (text.length > charactersMax) return undefined
  const names: AlternativeName[] = []
  let position = 0
  while (position < text.length) {
    if (names.length === namesMax) return undefined
    if (names.length > 0) {
      if (!text.startsWith(', ', position)) return undefined
      position += 2
    }
    const type = read(typeGrammar, text, position)
    if (type === undefined) return undefined
    position += type.length
    const isQuoted = text[position] === '"'
    const value = read(isQuoted ? quotedGrammar : plainGrammar, text, position)
    if (value === undefined) return undefined
    position += value.length
    const plain: unknown = isQuoted ? JSON.parse(value) : value
    names.push({ type: type.slice(0, -1), value: String(plain) })
  }
  return names
}

function read(grammar: RegExp, text: string, position: number): string | undefined {
  grammar.lastIndex = position
  return grammar.exec(text)?.[0]
}
