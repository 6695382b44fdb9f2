/** Gathers the settings from the file, the environment and the command line. The only reader of `process.env`. */
import { resolve } from 'node:path'
import { ConfigError, type ConfigFault } from './config-error.ts'
import { faultsOf, isRule } from './fault-text.ts'
import { readEnvironmentSettings } from './environment-source.ts'
import { type Field, fieldsByPath } from './fields.ts'
import { type Config, type ConfigInput, configSchema } from './schema.ts'
import {
  type Assignment,
  emptySettings,
  isSettingsObject,
  type Origin,
  SettingsTree,
} from './settings-tree.ts'
import { noteSources } from './settings-list.ts'
import { readYamlSettings } from './yaml-source.ts'

type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { [Key in keyof T]?: DeepPartial<T[Key]> | undefined }
    : T

export type ConfigSources = Readonly<{
  /** The YAML file, from `--config`; without it the one that `BERTH_CONFIG` names, or none. */
  file?: string | undefined
  /** Default: the environment of this process. */
  environment?: Readonly<Record<string, string | undefined>>
  /** Settings from the command line; they win over the environment, which wins over the file. */
  overrides?: DeepPartial<ConfigInput>
  /** Folder for relative paths that do not come from the file. Default: that of this process. */
  cwd?: string
}>

/**
 * Loads and checks all settings. The result is complete, frozen, and its paths are absolute.
 * Throws `ConfigError`, which lists every fault of every source.
 */
export function loadConfig(sources: ConfigSources = {}): Config {
  const cwd = sources.cwd ?? process.cwd()
  const environment = sources.environment ?? process.env
  const file = sources.file ?? (environment['BERTH_CONFIG'] || undefined)

  const fromFile =
    file === undefined
      ? { root: emptySettings(), origins: new Map<string, Origin>(), faults: [] }
      : readYamlSettings(resolve(cwd, file), cwd)
  const fromEnvironment = readEnvironmentSettings(environment, cwd)
  const tree = new SettingsTree(fromFile.root, fromFile.origins)
  tree.assign(fromEnvironment.assignments)
  const unknown: ConfigFault[] = []
  tree.assign(assignmentsOf(sources.overrides ?? {}, cwd, unknown))

  const faults = [...fromFile.faults, ...fromEnvironment.faults, ...unknown]
  const parsed = configSchema.safeParse(tree.root)
  for (const issue of parsed.error?.issues ?? []) {
    // What a broken file would have said is unknown: neither what is missing nor what does not fit together can be told.
    if (fromFile.faults.length > 0 && (isRule(issue) || tree.valueOf(issue.path) === undefined))
      continue
    const known = new Set(faults.map((fault) => fault.path))
    faults.push(...faultsOf(issue, tree).filter((fault) => !known.has(fault.path)))
  }
  if (faults.length > 0 || !parsed.success) throw new ConfigError(faults)
  const config = deepFreeze(complete(parsed.data, tree, cwd))
  noteSources(config, tree)
  return config
}

/** The same settings with every secret replaced, to be shown. */
export function redactConfig(config: Config): Config {
  const copy = structuredClone<Config>(config)
  for (const field of fieldsByPath.values()) {
    if (!field.secret) continue
    replace(copy, field, (value) => (value === undefined ? value : '********'))
  }
  return copy
}

function assignmentsOf(overrides: object, cwd: string, faults: ConfigFault[]): Assignment[] {
  const origin = { source: 'flag', text: 'the command line', folder: cwd } as const
  const visit = (value: unknown, keys: readonly string[]): Assignment[] => {
    if (value === undefined) return []
    const path = keys.join('.')
    const field = fieldsByPath.get(path)
    if (field) return [{ field, value, origin }]
    if (typeof value === 'object' && value !== null && keys.length < 8)
      return Object.entries(value).flatMap(([key, child]) => visit(child, [...keys, key]))
    faults.push({ path, origin: origin.text, problem: 'is not a setting' })
    return []
  }
  return visit(overrides, [])
}

/** Makes paths absolute and fills in those that follow from `dataDirectory`. */
function complete(
  settings: ReturnType<typeof configSchema.parse>,
  tree: SettingsTree,
  cwd: string,
): Config {
  for (const field of fieldsByPath.values()) {
    if (!field.isPath) continue
    const folder = tree.originOf(field.keys)?.folder ?? cwd
    replace(settings, field, (value) => (value === undefined ? value : resolve(folder, value)))
  }
  const { dataDirectory, metadata, storage, scan, scanners } = settings
  const { advisories } = scan
  return {
    ...settings,
    metadata:
      metadata.kind === 'sqlite'
        ? { ...metadata, file: metadata.file ?? resolve(dataDirectory, 'metadata.sqlite') }
        : metadata,
    storage:
      storage.kind === 'filesystem'
        ? { ...storage, directory: storage.directory ?? resolve(dataDirectory, 'blobs') }
        : storage,
    scan: {
      ...scan,
      advisories: {
        ...advisories,
        folder: advisories.folder ?? resolve(dataDirectory, 'advisories'),
      },
    },
    scanners: { ...scanners, folder: scanners.folder ?? resolve(dataDirectory, 'scanners') },
  }
}

function replace(
  settings: object,
  field: Field,
  change: (value: string | undefined) => string | undefined,
): void {
  let section: unknown = settings
  for (const key of field.keys.slice(0, -1))
    section = isSettingsObject(section) ? section[key] : undefined
  const key = field.keys.at(-1)
  if (key === undefined || !isSettingsObject(section)) return
  const value: unknown = section[key]
  if (typeof value === 'string') section[key] = change(value)
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const child of Object.values(value)) deepFreeze(child)
  return Object.freeze(value)
}
