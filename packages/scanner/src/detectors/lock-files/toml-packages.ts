/**
 * The `[[package]]` tables of a lock file that a program wrote: the plain texts and the inline tables of each, as written,
 * with those of `[package.source]`. Not a reader of TOML at large: such files put one key on a line.
 */
export function* tomlPackages(text: string): Generator<ReadonlyMap<string, string>> {
  let current: Map<string, string> | undefined
  let counts = false
  for (const line of text.split(/\r?\n/)) {
    const header = /^\[\[?[^\]]*\]\]?/.exec(line)?.[0]
    if (header === '[[package]]' || (header !== undefined && !header.includes('package.'))) {
      if (current !== undefined) yield current
      current = header === '[[package]]' ? new Map() : undefined
    }
    if (header !== undefined) counts = header === '[[package]]' || header === '[package.source]'
    const found = counts ? /^([A-Za-z_-]+) = (?:"([^"\\]*)"|(\{.*\}))$/.exec(line) : null
    if (found !== null) current?.set(found[1] ?? '', found[2] ?? found[3] ?? '')
  }
  if (current !== undefined) yield current
}
