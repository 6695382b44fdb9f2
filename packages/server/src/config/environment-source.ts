/** Turns `BERTH_…` variables into settings. */
import { resolve } from 'node:path'
import type { ConfigFault } from './config-error.ts'
import { type Field, fieldsByPath } from './fields.ts'
import { readLimited } from './read-limited.ts'
import type { Assignment } from './settings-tree.ts'
import { nearest } from './suggestion.ts'

const prefix = 'BERTH_'
/** Read elsewhere: by the other commands of `berth`, which whoever starts a server may have set for those, and at the console's door. */
const ofTheCommand = new Set([
  'BERTH_ADVISORIES',
  'BERTH_CA_FILE',
  'BERTH_CONFIG',
  'BERTH_CONSOLE_DIRECTORY',
  'BERTH_DEBUG',
  'BERTH_DOCKER_HUB_API',
  'BERTH_ENVIRONMENT',
  'BERTH_ID_TOKEN',
  'BERTH_ID_TOKEN_FILE',
  'BERTH_KEY_PASSWORD',
  'BERTH_PACKAGE_SHA256',
  'BERTH_PACKAGE_URL',
  'BERTH_PLAIN_HTTP',
  'BERTH_SIGNING_KEY',
])
const booleans: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
])
const maxSecretBytes = 64 * 1024

/** `BERTH_HTTP__MAX_CONNECTIONS` and `BERTH_http__maxConnections` name the same setting. */
const fieldsByVariable: ReadonlyMap<string, Field> = new Map(
  [...fieldsByPath.values()].map((field) => [canonical(field.variable), field]),
)

type EnvironmentSettings = Readonly<{
  assignments: readonly Assignment[]
  faults: readonly ConfigFault[]
}>

/** `problem` says why there is no value. */
type ReadValue = { value: unknown; problem?: string }

/** Never throws. An empty variable counts as not set. `cwd` resolves relative paths, also those of `…_FILE`. */
export function readEnvironmentSettings(
  environment: Readonly<Record<string, string | undefined>>,
  cwd: string,
): EnvironmentSettings {
  const faults: ConfigFault[] = []
  const found = new Map<Field, Assignment>()
  for (const [variable, text] of Object.entries(environment)) {
    if (!text || !variable.startsWith(prefix) || ofTheCommand.has(variable)) continue
    const target = targetOf(variable)
    if (!target) {
      if (!isServiceLink(variable, text)) faults.push(unknownVariable(variable))
      continue
    }
    const { field, fromFile } = target
    const twin = found.get(field)
    if (twin) {
      const problem = `is set twice, also by ${twin.origin.text}. Keep one of them`
      faults.push({ path: field.path, origin: variable, problem })
      continue
    }
    const read: ReadValue = fromFile ? secretFrom(text, cwd) : { value: valueOf(field, text) }
    if (read.problem !== undefined)
      faults.push({ path: field.path, origin: variable, problem: read.problem })
    // Kept even when unreadable, so that a second variable for it is still noticed.
    found.set(field, {
      field,
      value: read.value,
      origin: { source: 'environment', text: variable, folder: cwd },
    })
  }
  const assignments = [...found.values()].filter(({ value }) => value !== undefined)
  return { assignments, faults }
}

function canonical(variable: string): string {
  return variable
    .slice(prefix.length)
    .split('__')
    .map((segment) => segment.replaceAll('_', '').toLowerCase())
    .join('.')
}

function targetOf(variable: string): { field: Field; fromFile: boolean } | undefined {
  const direct = fieldsByVariable.get(canonical(variable))
  if (direct) return { field: direct, fromFile: false }
  if (!/_file$/i.test(variable)) return undefined
  const field = fieldsByVariable.get(canonical(variable.slice(0, -'_FILE'.length)))
  return field?.secret ? { field, fromFile: true } : undefined
}

/** Kubernetes describes every Service to every container: one named `berth` yields `BERTH_PORT=tcp://…`. */
function isServiceLink(variable: string, text: string): boolean {
  if (/_SERVICE_(?:HOST|PORT(?:_[A-Z0-9_]+)?)$/.test(variable)) return true
  if (/_PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$/.test(variable)) return true
  return variable.endsWith('_PORT') && /^(?:tcp|udp|sctp):\/\//.test(text)
}

function unknownVariable(variable: string): ConfigFault {
  const known = [...fieldsByPath.values()].flatMap(({ variable: name, secret }) =>
    secret ? [name, `${name}_FILE`] : [name],
  )
  const guess = nearest(variable, [...known, 'BERTH_CONFIG'])
  const advice = guess ? `Did you mean ${guess}?` : 'The reference page lists them all'
  return { path: '', origin: variable, problem: `is not a setting of Berth. ${advice}` }
}

/** What cannot be understood stays text, and validation says what would be accepted. */
function valueOf(field: Field, text: string): unknown {
  const trimmed = text.trim()
  if (field.type === 'number') return /^-?\d+(?:\.\d+)?$/.test(trimmed) ? Number(trimmed) : text
  if (field.type === 'boolean') return booleans.get(trimmed.toLowerCase()) ?? text
  if (field.type === 'list') return trimmed.startsWith('[') ? jsonList(trimmed) : commaList(trimmed)
  return field.type === 'choice' ? trimmed : text
}

function jsonList(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function commaList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

function secretFrom(path: string, cwd: string): ReadValue {
  try {
    const value = readLimited(resolve(cwd, path), maxSecretBytes).replace(/\r?\n$/, '')
    if (value === '') return { value: undefined, problem: `names the file ${path}, which is empty` }
    return { value }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { value: undefined, problem: `names the file ${path}, which ${reason}` }
  }
}
