import { isJsonObject, type JsonObject } from '@berth/oci/json-guard.ts'

/** What people want to know of an image's config (image-spec config.md). Missing or of the wrong type is `null` or empty. */
export type ImageView = {
  created: string | null
  author: string | null
  architecture: string | null
  os: string | null
  variant: string | null
  user: string | null
  workingDirectory: string | null
  entrypoint: string[]
  command: string[]
  environment: string[]
  exposedPorts: string[]
  volumes: string[]
  stopSignal: string | null
  labels: Record<string, string>
  history: {
    created: string | null
    createdBy: string | null
    comment: string | null
    isEmptyLayer: boolean
  }[]
}

/** Picks out of a config what is shown, at most `listMax` of each. The config is a stranger's, so nothing is taken for granted. */
export function viewImage(config: JsonObject, listMax: number): ImageView {
  const settings = isJsonObject(config.config) ? config.config : {}
  return {
    created: text(config.created),
    author: text(config.author),
    architecture: text(config.architecture),
    os: text(config.os),
    variant: text(config.variant),
    user: text(settings.User),
    workingDirectory: text(settings.WorkingDir),
    entrypoint: texts(settings.Entrypoint, listMax),
    command: texts(settings.Cmd, listMax),
    environment: texts(settings.Env, listMax),
    exposedPorts: keys(settings.ExposedPorts, listMax),
    volumes: keys(settings.Volumes, listMax),
    stopSignal: text(settings.StopSignal),
    labels: textMembers(settings.Labels, listMax),
    history: (Array.isArray(config.history) ? (config.history as unknown[]) : [])
      .filter(isJsonObject)
      .slice(0, listMax)
      .map((step) => ({
        created: text(step.created),
        createdBy: text(step.created_by),
        comment: text(step.comment),
        isEmptyLayer: step.empty_layer === true,
      })),
  }
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

function texts(value: unknown, max: number): string[] {
  const items = Array.isArray(value) ? (value as unknown[]) : []
  return items.filter((item) => typeof item === 'string').slice(0, max)
}

function keys(value: unknown, max: number): string[] {
  return isJsonObject(value) ? Object.keys(value).slice(0, max) : []
}

function textMembers(value: unknown, max: number): Record<string, string> {
  if (!isJsonObject(value)) return {}
  const members = Object.entries(value).filter(
    (member): member is [string, string] => typeof member[1] === 'string',
  )
  return Object.fromEntries(members.slice(0, max))
}
