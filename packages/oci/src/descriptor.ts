import { type Digest, digestFault, isDigest } from './digest.ts'
import { isJsonObject, type JsonObject, memberPath } from './json-guard.ts'
import { quote } from './oci-error.ts'

/** What an index says about where a child runs (image-spec image-index.md). Attestations carry `unknown`/`unknown`. */
export type Platform = {
  readonly architecture?: string
  readonly os?: string
  readonly 'os.version'?: string
  readonly 'os.features'?: readonly string[]
  readonly variant?: string
  readonly features?: readonly string[]
}

/**
 * Points at content by digest (image-spec descriptor.md). `size` is in bytes and a safe integer. `data` is the content
 * itself in base64; nothing here compares it with the digest. Fields the spec does not name are left out.
 */
export type Descriptor = {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
  readonly urls?: readonly string[]
  readonly annotations?: Readonly<Record<string, string>>
  readonly data?: string
  readonly artifactType?: string
  readonly platform?: Platform
}

/** Receives each fault found: where (`layers[2].digest`), and what is wrong as a predicate ("must be a string"). */
export type ReportFault = (path: string, fault: string) => void

/** RFC 6838 allows 127 characters on either side of the slash. Artifacts in the wild take liberties with the rest. */
const mediaTypeShape = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/
const fields = knownFields([
  'mediaType',
  'digest',
  'size',
  'urls',
  'annotations',
  'data',
  'artifactType',
  'platform',
])

/**
 * Reads a descriptor out of parsed JSON. Every fault is reported; `undefined` when there was one.
 * Null stands for absent in optional fields, as Go's encoder writes it.
 */
export function readDescriptor(
  value: unknown,
  path: string,
  report: ReportFault,
): Descriptor | undefined {
  if (!isJsonObject(value)) {
    report(path, value === undefined ? 'is missing' : 'must be a descriptor, that is an object')
    return undefined
  }
  let faulty = false
  const fault: ReportFault = (at, text) => {
    faulty = true
    report(at, text)
  }
  reportDisguisedFields(value, fields, path, fault)
  const mediaType = readMediaType(value.mediaType, `${path}.mediaType`, fault)
  if (value.mediaType === undefined || value.mediaType === null || value.mediaType === '') {
    fault(`${path}.mediaType`, 'is missing')
  }
  const digest = readDigest(value.digest, `${path}.digest`, fault)
  const size = readSize(value.size, `${path}.size`, fault)
  const optional = readOptionalFields(value, path, fault)
  if (faulty || mediaType === undefined || digest === undefined || size === undefined) {
    return undefined
  }
  return { mediaType, digest, size, ...optional }
}

function readDigest(value: unknown, path: string, report: ReportFault): Digest | undefined {
  if (typeof value === 'string') {
    if (isDigest(value)) return value
    report(path, `is not a digest: ${digestFault(value)}`)
  } else report(path, value === undefined ? 'is missing' : 'must be a string')
  return undefined
}

function readSize(value: unknown, path: string, report: ReportFault): number | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  report(path, value === undefined ? 'is missing' : 'must be a whole number of bytes, at least 0')
  return undefined
}

function readOptionalFields(
  value: JsonObject,
  path: string,
  report: ReportFault,
): Omit<Descriptor, 'mediaType' | 'digest' | 'size'> {
  const result: { -readonly [Key in keyof Descriptor]?: Descriptor[Key] } = {}
  const urls = readStrings(value.urls, `${path}.urls`, report)
  if (urls !== undefined) result.urls = urls
  const annotations = readAnnotations(value.annotations, `${path}.annotations`, report)
  if (annotations !== undefined) result.annotations = annotations
  const artifactType = readMediaType(value.artifactType, `${path}.artifactType`, report)
  if (artifactType !== undefined) result.artifactType = artifactType
  const data = readString(value.data, `${path}.data`, report)
  if (data !== undefined && !isBase64(data)) report(`${path}.data`, 'must be base64 with padding')
  else if (data !== undefined) result.data = data
  const platform = readPlatform(value.platform, `${path}.platform`, report)
  if (platform !== undefined) result.platform = platform
  return result
}

/** A media type or artifact type: printable ASCII, at most 255 characters. `undefined` when absent, null or empty. */
export function readMediaType(
  value: unknown,
  path: string,
  report: ReportFault,
): string | undefined {
  if (value === '') return undefined
  const text = readString(value, path, report)
  if (text === undefined || mediaTypeShape.test(text)) return text
  report(path, 'must be a media type: printable ASCII of at most 255 characters')
  return undefined
}

/** A map of strings to strings. `undefined` when absent, null or faulty. */
export function readAnnotations(
  value: unknown,
  path: string,
  report: ReportFault,
): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return undefined
  if (!isJsonObject(value)) {
    report(path, 'must be an object')
    return undefined
  }
  // The parsed object itself, not a copy: writing a key `__proto__` would not make a member.
  if (isStringMap(value)) return value
  for (const key of Object.keys(value)) {
    if (typeof value[key] !== 'string') report(memberPath(path, key), 'must be a string')
  }
  return undefined
}

function isStringMap(value: JsonObject): value is Readonly<Record<string, string>> {
  return Object.values(value).every((item) => typeof item === 'string')
}

/** Field names by their own spelling and by their folded one. */
type KnownFields = ReadonlyMap<string, string>

export function knownFields(names: readonly string[]): KnownFields {
  return new Map(names.flatMap((name) => [[name, name] as const, [fold(name), name] as const]))
}

/**
 * Go reads `"Layers"` as `layers` (its decoder ignores case), so such a document would mean one thing here
 * and another to a client. Reports every key that differs from a known one in case only.
 */
export function reportDisguisedFields(
  value: JsonObject,
  known: KnownFields,
  path: string,
  report: ReportFault,
): void {
  for (const key of Object.keys(value)) {
    if (known.get(key) === key) continue
    const spelling = known.get(fold(key))
    if (spelling !== undefined) report(memberPath(path, key), `must be spelled ${quote(spelling)}`)
  }
}

/** Both ways round, since U+017F becomes S only in upper case and U+212A becomes k only in lower case. */
function fold(key: string): string {
  return key.toUpperCase().toLowerCase()
}

/** Without a regular expression over the whole: it may be megabytes long, and backtracking would need as much stack. */
function isBase64(text: string): boolean {
  const padding = text.indexOf('=')
  const digits = padding === -1 ? text : text.slice(0, padding)
  const rest = padding === -1 ? '' : text.slice(padding)
  return (
    text.length % 4 === 0 &&
    rest.length <= 2 &&
    !/[^A-Za-z0-9+/]/.test(digits) &&
    !/[^=]/.test(rest)
  )
}

function readPlatform(value: unknown, path: string, report: ReportFault): Platform | undefined {
  if (value === undefined || value === null) return undefined
  if (!isJsonObject(value)) {
    report(path, 'must be an object')
    return undefined
  }
  const result: { -readonly [Key in keyof Platform]?: Platform[Key] } = {}
  for (const key of ['architecture', 'os', 'os.version', 'variant'] as const) {
    const text = readString(value[key], memberPath(path, key), report)
    if (text !== undefined) result[key] = text
  }
  for (const key of ['os.features', 'features'] as const) {
    const texts = readStrings(value[key], memberPath(path, key), report)
    if (texts !== undefined) result[key] = texts
  }
  return result
}

function readString(value: unknown, path: string, report: ReportFault): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  report(path, 'must be a string')
  return undefined
}

function readStrings(
  value: unknown,
  path: string,
  report: ReportFault,
): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  report(path, 'must be an array of strings')
  return undefined
}
