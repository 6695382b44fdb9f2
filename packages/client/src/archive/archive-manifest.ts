import { isJsonObject, parseGuardedJson } from '@berth/oci/json-guard.ts'
import { OciError } from '@berth/oci/oci-error.ts'
import { ClientError, isClientError } from '../client-error.ts'
import { formatImageReference, parseImageReference } from '../image-reference.ts'
import type { TarIndex } from './tar-index.ts'

/** One image of `manifest.json`: files of the archive by name, and the image's names as docker had them. */
export type ArchivedImage = {
  readonly config: string
  readonly names: readonly string[]
  readonly layers: readonly string[]
}

const bytesMax = 4 * 1024 * 1024
const layersMax = 2000

/** Reads `manifest.json`; `undefined` when there is none. Throws `inputInvalid` when it is wrong. */
export async function readArchiveManifest(
  tar: TarIndex,
): Promise<readonly ArchivedImage[] | undefined> {
  const bytes = await tar.read('manifest.json', bytesMax)
  if (bytes === undefined) return undefined
  let list: unknown
  try {
    list = parseGuardedJson(bytes)
  } catch (error) {
    if (error instanceof OciError) throw invalid(tar.name, 'it is not JSON')
    throw error
  }
  if (!Array.isArray(list)) throw invalid(tar.name, 'it is not a list')
  return list.map((entry) => {
    if (!isJsonObject(entry) || typeof entry.Config !== 'string') {
      throw invalid(tar.name, 'an image has no Config')
    }
    const layers = texts(entry.Layers)
    const names = texts(entry.RepoTags)
    if (layers === undefined || names === undefined || layers.length > layersMax) {
      throw invalid(tar.name, 'an image has wrong Layers or RepoTags')
    }
    return { config: clean(entry.Config), names, layers: layers.map(clean) }
  })
}

/** Whether two ways of writing mean the same image: `alpine` is `docker.io/library/alpine:latest`. */
export function isSameName(left: string, right: string): boolean {
  return left === right || inFull(left) === inFull(right)
}

/** The tag at the end of an image's name. */
export function tagOfName(name: string): string | undefined {
  const colon = name.lastIndexOf(':')
  return colon > name.lastIndexOf('/') ? name.slice(colon + 1) : undefined
}

function inFull(name: string): string {
  try {
    const reference = parseImageReference(name)
    const { tag, digest } = reference
    return `${formatImageReference(reference)}${tag === undefined && digest === undefined ? ':latest' : ''}`
  } catch (error) {
    if (isClientError(error)) return name
    throw error
  }
}

/** Go writes an empty list as null. */
function texts(value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value) || value.some((each) => typeof each !== 'string')) return undefined
  return value
}

function clean(path: string): string {
  return path.replace(/^(?:\.\/)+/, '')
}

function invalid(name: string, fault: string): ClientError {
  return new ClientError('inputInvalid', `manifest.json in ${name} is wrong: ${fault}.`)
}
