/**
 * A path of an archive as it would lie under the root: no leading slash, no `.` and no empty parts, and `..` never leads
 * above the root, as container engines treat it. `undefined` when no file system takes it (a NUL in it). The root is the
 * empty string.
 */
export function cleanPath(name: string): string | undefined {
  if (name.includes('\0')) return undefined
  if (!/(?:^|\/)\.{0,2}(?:\/|$)/.test(name)) return name
  const parts: string[] = []
  for (const part of name.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts.join('/')
}

/** The folders above a path, from the nearest to the root (the empty string). */
export function* ancestorsOf(path: string): Generator<string> {
  for (let at = path.lastIndexOf('/'); at !== -1; at = path.lastIndexOf('/', at - 1)) {
    yield path.slice(0, at)
    if (at === 0) break
  }
  if (path !== '') yield ''
}
