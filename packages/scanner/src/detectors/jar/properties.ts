/** What names an artifact of Maven. */
export type Coordinates = {
  readonly group: string
  readonly artifact: string
  readonly version: string
}

const coordinate = /^[\w.+~-]{1,256}$/

/**
 * Reads a `pom.properties` that Maven puts into archives; undefined when a part is missing or is no coordinate (a
 * placeholder such as `${project.version}`).
 */
export function readPomProperties(text: string): Coordinates | undefined {
  const values = new Map<string, string>()
  for (const line of text.split(/\r\n|\r|\n/)) {
    const matched = /^\s*(?<key>groupId|artifactId|version)\s*[=:\s]\s*(?<value>\S+)\s*$/.exec(line)
    const { key, value } = matched?.groups ?? {}
    if (key !== undefined && value !== undefined) values.set(key, value)
  }
  const group = values.get('groupId') ?? ''
  const artifact = values.get('artifactId') ?? ''
  const version = values.get('version') ?? ''
  const isWhole = [group, artifact, version].every((value) => coordinate.test(value))
  return isWhole ? { group, artifact, version } : undefined
}

/**
 * Reads the main section of a `MANIFEST.MF`, names in lower case. Lines go on after a line break and a space
 * (https://docs.oracle.com/en/java/javase/21/docs/specs/jar/jar.html).
 */
export function readManifest(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  const joined = text.replace(/^\uFEFF/, '').replace(/(?:\r\n|\r|\n) /g, '')
  for (const line of joined.split(/\r\n|\r|\n/)) {
    // An empty line ends the main section: what follows is about single files.
    if (line === '') break
    const colon = line.indexOf(': ')
    if (colon < 1) continue
    const value = line.slice(colon + 2).trim()
    if (value !== '') values.set(line.slice(0, colon).toLowerCase(), value)
  }
  return values
}
