import type { Descriptor } from '@berth/oci/descriptor.ts'
import { isJsonObject, type JsonObject } from '@berth/oci/json-guard.ts'
import type { ParsedManifest } from '@berth/oci/manifest.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import type { ImageConfig } from '../registry/image-config.ts'
import type { ConfigFacts } from './facts.ts'

const baseNameKey = 'org.opencontainers.image.base.name'
const labelsMax = 1000

/** Reads the configuration of an image from the store. */
export type ConfigReader = (
  repository: RepositoryName,
  config: Descriptor | undefined,
) => Promise<ImageConfig | undefined>

type Config = ConfigFacts & { readonly platform: string | undefined }

/** For rules that do not look at it. */
export const unreadConfig: Config = {
  unreadable: 'was not read',
  user: '',
  createdAt: undefined,
  labels: {},
  baseName: undefined,
  platform: undefined,
}

/** What the configuration says, which is a stranger's: whatever is not as it should be counts as not said. */
export async function readConfig(
  read: ConfigReader,
  repository: RepositoryName,
  manifest: ParsedManifest,
): Promise<Config> {
  const annotated = textOf(manifest.annotations[baseNameKey])
  const found = await read(repository, manifest.config)
  if (!found?.config) {
    return {
      ...unreadConfig,
      unreadable: found?.unreadable ?? 'is of another kind than that of an image',
      baseName: annotated,
    }
  }
  const { config } = found
  const run = isJsonObject(config['config']) ? config['config'] : {}
  const labels = labelsOf(run)
  return {
    unreadable: undefined,
    user: textOf(run['User']) ?? '',
    createdAt: textOf(config['created']),
    labels,
    baseName: annotated ?? textOf(labels[baseNameKey]),
    platform: platformOf(config),
  }
}

function labelsOf(run: JsonObject): Record<string, string> {
  const labels = isJsonObject(run['Labels']) ? run['Labels'] : {}
  return Object.fromEntries(
    Object.entries(labels)
      .slice(0, labelsMax)
      .flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])),
  )
}

function platformOf(config: JsonObject): string | undefined {
  const os = textOf(config['os'])
  const architecture = textOf(config['architecture'])
  if (os === undefined || architecture === undefined) return undefined
  return [os, architecture, textOf(config['variant'])].filter(Boolean).join('/')
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
