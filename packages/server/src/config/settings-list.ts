import { type Field, fieldsByPath } from './fields.ts'
import type { Config } from './schema.ts'
import { isSettingsObject, type Origin, type SettingsTree } from './settings-tree.ts'

/** A setting in force, to be shown. */
export type Setting = {
  path: string
  variable: string
  /** `null` when it is not set, or a secret. */
  value: string | null
  isSecret: boolean
  isSet: boolean
  source: 'default' | Origin['source']
  default: string | null
  accepted: string
  description: string
}

/** By the settings that were loaded, where each value of them came from. */
const sources = new WeakMap<Config, ReadonlyMap<string, Origin['source']>>()

/** Remembers where the values of these settings came from. */
export function noteSources(config: Config, tree: SettingsTree): void {
  const found = new Map<string, Origin['source']>()
  for (const { path, keys } of fieldsByPath.values()) {
    const origin = tree.valueOf(keys) === undefined ? undefined : tree.originOf(keys)
    if (origin) found.set(path, origin.source)
  }
  sources.set(config, found)
}

/** Every setting that applies, without secrets, in the order of the schema. */
export function listSettings(config: Config): Setting[] {
  const known = sources.get(config)
  return [...fieldsByPath.values()].flatMap((field) => {
    const section = sectionOf(config, field)
    if (section === undefined || !appliesTo(field, section)) return []
    const value = section[field.keys.at(-1) ?? '']
    return [
      {
        path: field.path,
        variable: field.variable,
        value: field.secret ? null : toText(value),
        isSecret: field.secret,
        isSet: value !== undefined,
        source: known?.get(field.path) ?? 'default',
        default: field.secret ? null : (field.derived ?? toText(field.default)),
        accepted: field.accepted,
        description: field.description,
      },
    ]
  })
}

function sectionOf(config: Config, field: Field): Readonly<Record<string, unknown>> | undefined {
  let section: unknown = config
  for (const key of field.keys.slice(0, -1)) {
    section = isSettingsObject(section) ? section[key] : undefined
  }
  return isSettingsObject(section) ? section : undefined
}

/** Settings of another kind of storage, database or encryption say nothing. */
function appliesTo({ kinds }: Field, { kind }: Readonly<Record<string, unknown>>): boolean {
  return kinds === undefined || kinds.some((known) => known === kind)
}

function toText(value: unknown): string | null {
  if (value === undefined || value === null) return null
  return typeof value === 'string' ? value : JSON.stringify(value)
}
