/** Names of variables that hold what should not be in an image. `..._FILE` and `..._PATH` only say where it is. */
const secretName =
  /(?:^|[_-])(?:pass(?:word|wd|phrase)?|pwd|secrets?|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?|auth)(?:[_-](?:id|key|value))?$/i
const secretValue =
  /^(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_|glpat-|xox[abprs]-|AKIA[0-9A-Z]{12,}|sk-[A-Za-z0-9_-]{20,}|npm_[A-Za-z0-9]{30,}|-----BEGIN [A-Z ]*PRIVATE KEY)|:\/\/[^/\s:@]+:[^/\s@]+@/
const assignment = /\b([A-Za-z_][A-Za-z0-9_-]{0,127})=("[^"]*"|'[^']*'|[^\s"']+)/g

export const mask = '********'

/** Whether a variable of an image looks like a secret, by its name or by its value. An empty value is none. */
export function looksSecret(name: string, value: string): boolean {
  if (value === '') return false
  return secretName.test(name) || secretValue.test(value)
}

/** An instruction with the values masked that are assigned to names of secrets: `ARG TOKEN=…`. */
export function maskAssignments(text: string): string {
  return text.replace(assignment, (whole, name: string, value: string) =>
    looksSecret(name, value.replace(/^["']|["']$/g, '')) ? `${name}=${mask}` : whole,
  )
}

/** `NAME=value` as an entry of the environment, with its value masked when it looks like a secret. */
export function readVariable(entry: string): {
  readonly name: string
  readonly value: string
  readonly isMasked: boolean
} {
  const equals = entry.indexOf('=')
  const name = equals === -1 ? entry : entry.slice(0, equals)
  const value = equals === -1 ? '' : entry.slice(equals + 1)
  return looksSecret(name, value)
    ? { name, value: mask, isMasked: true }
    : { name, value, isMasked: false }
}
