import { type Field, fieldsByPath } from './fields.ts'

/** Where a value came from, and the folder against which a relative path in it resolves. */
export type Origin = Readonly<{
  source: 'file' | 'environment' | 'flag'
  text: string
  folder: string
}>

/** One value for one setting, from the environment or the command line. */
export type Assignment = Readonly<{ field: Field; value: unknown; origin: Origin }>

/** Objects without a prototype, so that a key such as `__proto__` is a key like any other. */
export type SettingsObject = Record<string, unknown>

/** Raw settings, gathered source by source, and the origin of every one of them. */
export class SettingsTree {
  readonly root: SettingsObject
  readonly #origins: Map<string, Origin>

  constructor(root: SettingsObject, origins: Map<string, Origin>) {
    this.root = root
    this.#origins = origins
  }

  /** The origin of a value, or of the nearest section around it. */
  originOf(keys: readonly PropertyKey[]): Origin | undefined {
    for (let length = keys.length; length > 0; length -= 1) {
      const origin = this.#origins.get(originKey(keys.slice(0, length)))
      if (origin) return origin
    }
    return undefined
  }

  valueOf(keys: readonly PropertyKey[]): unknown {
    let value: unknown = this.root
    for (const key of keys) {
      if (typeof value !== 'object' || value === null) return undefined
      value = Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined
    }
    return value
  }

  /**
   * Sets values over those already there. A new `kind` for a section drops what an earlier source
   * said for another kind. A section that is not an object stays as it is: validation reports it.
   */
  assign(assignments: readonly Assignment[]): void {
    for (const { field, value } of assignments)
      if (field.keys.at(-1) === 'kind') this.#switchKind(field, value)
    for (const { field, value, origin } of assignments) {
      const section = this.#sectionFor(field)
      const key = field.keys.at(-1)
      if (!section || key === undefined) continue
      section[key] = value
      this.#origins.set(originKey(field.keys), origin)
    }
  }

  #switchKind(kindField: Field, kind: unknown): void {
    const section = this.#sectionFor(kindField)
    if (!section) return
    const sectionPath = kindField.keys.slice(0, -1).join('.')
    for (const key of Object.keys(section)) {
      const kinds = fieldsByPath.get(`${sectionPath}.${key}`)?.kinds
      if (kinds && !kinds.some((known) => known === kind)) delete section[key]
    }
  }

  #sectionFor(field: Field): SettingsObject | undefined {
    let section = this.root
    for (const key of field.keys.slice(0, -1)) {
      const existing = section[key]
      if (existing !== undefined && !isSettingsObject(existing)) return undefined
      const next: SettingsObject = existing ?? emptySettings()
      section[key] = next
      section = next
    }
    return section
  }
}

export function emptySettings(): SettingsObject {
  const settings: SettingsObject = Object.create(null)
  return settings
}

export function isSettingsObject(value: unknown): value is SettingsObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function originKey(keys: readonly PropertyKey[]): string {
  return keys.map((key) => JSON.stringify(String(key))).join('/')
}
