import { readFile, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { ClientError } from '@berth/client/client-error.ts'
import { parseRegistryHost, type RepositoryAddress } from '@berth/client/image-reference.ts'
import { formatPlatform, parsePlatform } from '@berth/oci/platform.ts'
import { parseRepositoryName } from '@berth/oci/reference.ts'
import type { Severity } from '@berth/scanner/finding.ts'
import { faultsAcross, faultsOfIssues } from './build-faults.ts'
import {
  type BuildSettings,
  buildSchema,
  type SecretSource,
  type ServiceSettings,
  type TaggingSettings,
} from './build-schema.ts'
import { type FileFault, type LocatedYaml, readLocatedYaml } from './located-yaml.ts'
import { parseSigningKey, type SigningKey } from './signing-key.ts'

/** One image to build, with the defaults of the file filled in. Paths are absolute. */
export type Service = {
  readonly name: string
  readonly address: RepositoryAddress
  readonly context: string
  /** As written; relative to the context. `undefined`: `Dockerfile` or `Containerfile` in the context. */
  readonly dockerfile: string | undefined
  readonly target: string | undefined
  /** In the usual spelling; `undefined`: whatever the builder's own platform is. */
  readonly platforms: readonly string[] | undefined
  readonly args: Readonly<Record<string, string>>
  readonly secrets: readonly SecretSource[]
  readonly ssh: readonly string[]
  /** Strategies, literal names and patterns, in the order of the file. */
  readonly tags: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  readonly cacheFrom: readonly string[]
  readonly cacheTo: readonly string[]
  readonly dependsOn: readonly string[]
}

/** `berth.yaml`, read and checked. */
export type BuildFile = {
  readonly path: string
  /** The folder of the file, from which relative paths are meant. */
  readonly folder: string
  readonly registry: string
  readonly repository: string | undefined
  readonly lock: boolean
  readonly supplyChain: {
    /** A severity: what is as bad or worse ends the build. */
    readonly scan: Severity | boolean
    readonly sbom: boolean
    /** The path of a file is absolute. */
    readonly sign: SigningKey | undefined
  }
  readonly tagging: TaggingSettings
  /** In the order of the file. */
  readonly services: readonly Service[]
}

type ReadBuildFileOptions = {
  /** For `${NAME}`. Default: the environment of this process. */
  readonly variables?: Readonly<Record<string, string | undefined>> | undefined
}

const maxBytes = 1024 * 1024
const defaultTags = ['semver', 'revision', 'latest']

/**
 * Reads `berth.yaml`. Throws `notFound` when there is no such file and `inputInvalid` with every fault at once, each
 * with its line and column, what is wrong and what is allowed.
 */
export async function readBuildFile(
  path: string,
  { variables = process.env }: ReadBuildFileOptions = {},
): Promise<BuildFile> {
  const absolute = resolve(path)
  const yaml = readLocatedYaml(await readText(absolute, path), variables)
  if (yaml.value === undefined || yaml.value === null) {
    const empty: FileFault = {
      line: 1,
      column: 1,
      message: 'the file is empty: it needs "registry" and "services".',
    }
    throw invalid(path, yaml.faults.length > 0 ? yaml.faults : [empty])
  }
  const parsed = buildSchema.safeParse(yaml.value, { reportInput: true })
  // What a value would have been whose variable is missing is unknown: only shapes are told of beside it.
  const faults = [
    ...yaml.faults,
    ...faultsOfIssues(parsed.error?.issues ?? [], yaml),
    ...faultsAcross(yaml),
  ]
  if (!parsed.success || faults.length > 0) throw invalid(path, unique(faults))
  return complete(parsed.data, absolute, path, yaml)
}

function complete(
  settings: BuildSettings,
  absolute: string,
  path: string,
  yaml: LocatedYaml,
): BuildFile {
  const faults: FileFault[] = []
  const attempt = <T>(where: readonly string[], work: () => T): T | undefined => {
    try {
      return work()
    } catch (error) {
      faults.push({
        ...yaml.positionOf(where),
        message: `${where.join('.')}: ${(error as Error).message}`,
      })
      return undefined
    }
  }
  const folder = dirname(absolute)
  const registry = attempt(['registry'], () => parseRegistryHost(settings.registry))
  const { defaults, repository } = settings
  const services = Object.entries(settings.services).map(([name, service]): Service | undefined => {
    const own = (service.image ?? name).replace(/^\/+/, '')
    const full = repository === undefined ? own : `${repository.replace(/\/+$/, '')}/${own}`
    const field = service.image === undefined ? ['services', name] : ['services', name, 'image']
    const parsedName = attempt(field, () => parseRepositoryName(full))
    if (registry === undefined || parsedName === undefined) return undefined
    return {
      ...merge(service, defaults),
      name,
      address: { registry, repository: parsedName },
      context: resolve(folder, service.context),
      dockerfile: service.dockerfile,
      target: service.target,
      dependsOn: [...new Set(service.dependsOn)],
    }
  })
  const { scan, sbom, sign } = settings.supplyChain
  const key =
    sign === undefined ? undefined : attempt(['supplyChain', 'sign'], () => parseSigningKey(sign))
  if (registry === undefined || faults.length > 0) throw invalid(path, unique(faults))
  return {
    path: absolute,
    folder,
    registry,
    repository,
    lock: settings.lock,
    supplyChain: {
      scan,
      sbom,
      sign: key?.kind === 'file' ? { ...key, file: resolve(folder, key.file) } : key,
    },
    tagging: settings.tagging,
    services: services.filter((each) => each !== undefined),
  }
}

function merge(service: ServiceSettings, defaults: BuildSettings['defaults']) {
  const platforms = service.platforms ?? defaults.platforms
  return {
    platforms: platforms && [
      ...new Set(platforms.map((each) => formatPlatform(parsePlatform(each)))),
    ],
    args: { ...defaults.args, ...service.args },
    labels: { ...defaults.labels, ...service.labels },
    secrets: service.secrets ?? defaults.secrets ?? [],
    ssh: service.ssh ?? defaults.ssh ?? [],
    tags: service.tags ?? defaults.tags ?? defaultTags,
    cacheFrom: service.cacheFrom ?? defaults.cacheFrom ?? [],
    cacheTo: service.cacheTo ?? defaults.cacheTo ?? [],
  }
}

async function readText(absolute: string, path: string): Promise<string> {
  try {
    const { size } = await stat(absolute)
    if (size > maxBytes) {
      throw new ClientError(
        'inputInvalid',
        `${path} has ${size} bytes, at most ${maxBytes} are read.`,
      )
    }
    return await readFile(absolute, 'utf8')
  } catch (error) {
    if (error instanceof ClientError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') {
      throw new ClientError('notFound', `There is no ${path}.`, {
        next: 'Write one (docs/guides/building.md begins with an example), or name it with --file.',
        cause: error,
      })
    }
    throw new ClientError('localFault', `${path} cannot be read: ${message}.`, { cause: error })
  }
}

function unique(faults: readonly FileFault[]): readonly FileFault[] {
  const sorted = [...faults].sort((a, b) => a.line - b.line || a.column - b.column)
  return sorted.filter(
    (fault, at) =>
      sorted.findIndex(
        (each) =>
          each.line === fault.line &&
          each.column === fault.column &&
          each.message === fault.message,
      ) === at,
  )
}

function invalid(path: string, faults: readonly FileFault[]): ClientError {
  const lines = faults.map(({ line, column, message }) => `${path}:${line}:${column}: ${message}`)
  const head = faults.length === 1 ? '' : `${path} has ${faults.length} faults:\n  `
  return new ClientError('inputInvalid', `${head}${lines.join('\n  ')}`, {
    next: 'docs/reference/berth-yaml.md tells what may stand there.',
  })
}
