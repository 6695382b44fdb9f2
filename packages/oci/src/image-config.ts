import { isDigest, type Digest } from './digest.ts'
import { isJsonObject, type JsonObject, parseGuardedJson } from './json-guard.ts'

/** One step of an image's making (image-spec config.md). Steps that made no layer have `isEmptyLayer`. */
export type HistoryEntry = {
  readonly createdBy: string
  readonly created: Date | undefined
  readonly comment: string
  readonly isEmptyLayer: boolean
}

/** The configuration of an image as far as people and policies read it. What is absent or malformed is left out. */
export type ImageConfig = {
  readonly created: Date | undefined
  readonly author: string | undefined
  readonly os: string | undefined
  readonly architecture: string | undefined
  readonly variant: string | undefined
  readonly user: string | undefined
  readonly workingDirectory: string | undefined
  readonly environment: readonly string[]
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  readonly exposedPorts: readonly string[]
  readonly volumes: readonly string[]
  readonly stopSignal: string | undefined
  readonly labels: Readonly<Record<string, string>>
  /** Digests of the layers without compression, lowest first: what two images share when they share a base. */
  readonly diffIds: readonly Digest[]
  readonly history: readonly HistoryEntry[]
}

/** Reads the configuration of an image, OCI's or Docker's. Throws `manifestInvalid` when it is not a JSON object. */
export function parseImageConfig(payload: Uint8Array): ImageConfig {
  const body = object(parseGuardedJson(payload))
  const config = object(body.config)
  return {
    created: date(body.created),
    author: text(body.author),
    os: text(body.os),
    architecture: text(body.architecture),
    variant: text(body.variant),
    user: text(config.User),
    workingDirectory: text(config.WorkingDir),
    environment: texts(config.Env),
    entrypoint: texts(config.Entrypoint),
    command: texts(config.Cmd),
    exposedPorts: Object.keys(object(config.ExposedPorts)),
    volumes: Object.keys(object(config.Volumes)),
    stopSignal: text(config.StopSignal),
    labels: Object.fromEntries(
      Object.entries(object(config.Labels)).filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string',
      ),
    ),
    diffIds: texts(object(body.rootfs).diff_ids).filter((each) => isDigest(each)),
    history: (Array.isArray(body.history) ? body.history : []).map((entry) => {
      const step = object(entry)
      return {
        createdBy: text(step.created_by) ?? '',
        created: date(step.created),
        comment: text(step.comment) ?? '',
        isEmptyLayer: step.empty_layer === true,
      }
    }),
  }
}

function object(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {}
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}

function date(value: unknown): Date | undefined {
  if (typeof value !== 'string') return undefined
  const time = Date.parse(value)
  return Number.isNaN(time) ? undefined : new Date(time)
}
