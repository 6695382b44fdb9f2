import {
  type Descriptor,
  knownFields,
  type ReportFault,
  readAnnotations,
  readDescriptor,
  readMediaType,
  reportDisguisedFields,
} from './descriptor.ts'
import { isJsonObject, type JsonObject, parseGuardedJson } from './json-guard.ts'
import {
  isImageManifestMediaType,
  isIndexMediaType,
  isMediaType,
  isSchema1,
  isUnspecific,
  OCI_IMAGE_INDEX,
  OCI_IMAGE_MANIFEST,
  parseMediaType,
} from './media-type.ts'
import { OciError, quote } from './oci-error.ts'

/**
 * A manifest as far as a registry reads it. The bytes that were pushed stay the truth and are what is stored and served.
 * `kind` decides which lists count: an image has `config` and `layers`, an index has `manifests`, and of an opaque
 * manifest (any other media type) nothing is read, so all of them are empty.
 */
export type ParsedManifest = {
  readonly kind: 'image' | 'index' | 'opaque'
  /** What to store and to serve as `Content-Type`: `type/subtype`, nothing else. */
  readonly mediaType: string
  /** As an entry of the referrers list shows it: the manifest's own, else the media type of an image's config. */
  readonly artifactType: string | undefined
  readonly config: Descriptor | undefined
  readonly layers: readonly Descriptor[]
  readonly manifests: readonly Descriptor[]
  readonly subject: Descriptor | undefined
  readonly annotations: Readonly<Record<string, string>>
}

const faultsMax = 20
const fields = knownFields([
  'schemaVersion',
  'mediaType',
  'artifactType',
  'config',
  'layers',
  'manifests',
  'fsLayers',
  'subject',
  'annotations',
])

/**
 * Reads a pushed manifest (distribution-spec end-7a; image-spec manifest.md, image-index.md; Docker's schema 2 alike).
 * `contentType` is the request's header; its parameters are ignored. It must agree with the body's `mediaType`;
 * the type is inferred when both are absent. Throws `manifestInvalid` with up to 20 faults `{ path, fault }`,
 * and nothing else, whatever the bytes are.
 */
export function parseManifest(
  payload: Uint8Array,
  contentType: string | undefined,
): ParsedManifest {
  const declared = parseMediaType(contentType)
  if (declared !== undefined && isSchema1(declared)) throw schema1Refused()
  const body = parseGuardedJson(payload)
  if (!isJsonObject(body)) throw invalid([{ path: '', fault: 'must be a JSON object' }])

  const mediaType = decideMediaType(body, declared)
  if (isImageManifestMediaType(mediaType)) return readFields(body, 'image', mediaType)
  if (isIndexMediaType(mediaType)) return readFields(body, 'index', mediaType)
  if (body.schemaVersion === 1 && 'fsLayers' in body) throw schema1Refused()
  return {
    kind: 'opaque',
    mediaType,
    artifactType: undefined,
    config: undefined,
    layers: [],
    manifests: [],
    subject: undefined,
    annotations: {},
  }
}

/** The media type to store: the body's, else the header's, else what the fields show. */
function decideMediaType(body: JsonObject, declared: string | undefined): string {
  const own = ownMediaType(body)
  if (own !== undefined && declared !== undefined && own.toLowerCase() !== declared.toLowerCase()) {
    throw invalid([
      {
        path: 'mediaType',
        fault: `is ${quote(own)} but the Content-Type header says ${quote(declared)}; they must be equal`,
      },
    ])
  }
  if (own !== undefined) return own
  if (declared === undefined || isUnspecific(declared)) {
    const inferred = inferMediaType(body) ?? declared
    if (inferred !== undefined) return inferred
    throw invalid([
      { path: 'mediaType', fault: 'is missing, and so is the Content-Type header; send one' },
    ])
  }
  if (isMediaType(declared)) return declared
  throw new OciError(
    'manifestInvalid',
    `The Content-Type header ${quote(declared)} is not a media type.`,
    [{ path: '', fault: 'came with a Content-Type header that is not a media type' }],
  )
}

/** The body's `mediaType`. Go writes an unset one as an empty string. */
function ownMediaType(body: JsonObject): string | undefined {
  const value = body.mediaType
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string' || !isMediaType(value)) {
    throw invalid([{ path: 'mediaType', fault: 'must be a media type such as type/subtype' }])
  }
  if (isSchema1(value)) throw schema1Refused()
  return parseMediaType(value)
}

function inferMediaType(body: JsonObject): string | undefined {
  if (body.schemaVersion === 1 || 'fsLayers' in body) throw schema1Refused()
  if (Array.isArray(body.manifests)) return OCI_IMAGE_INDEX
  if (isJsonObject(body.config) && Array.isArray(body.layers)) return OCI_IMAGE_MANIFEST
  return undefined
}

function readFields(body: JsonObject, kind: 'image' | 'index', mediaType: string): ParsedManifest {
  if (body.schemaVersion === 1) throw schema1Refused()
  const faults: Fault[] = []
  const report: ReportFault = (path, fault) => {
    faults.push({ path, fault })
    if (faults.length === faultsMax) throw invalid(faults)
  }
  reportDisguisedFields(body, fields, '', report)
  reportConfusedType(body, kind, report)
  // image-spec requires 2 and foresees that the field goes away, so its absence is let pass.
  if (body.schemaVersion !== undefined && body.schemaVersion !== 2) {
    report('schemaVersion', 'must be 2')
  }
  const image = kind === 'image'
  const config = image ? readDescriptor(body.config, 'config', report) : undefined
  const layers = image ? readDescriptors(body, 'layers', report) : []
  const manifests = image ? [] : readDescriptors(body, 'manifests', report)
  const subject =
    body.subject === undefined || body.subject === null
      ? undefined
      : readDescriptor(body.subject, 'subject', report)
  const artifactType = readMediaType(body.artifactType, 'artifactType', report) ?? config?.mediaType
  const annotations = readAnnotations(body.annotations, 'annotations', report) ?? {}
  if (faults.length > 0) throw invalid(faults)
  return { kind, mediaType, artifactType, config, layers, manifests, subject, annotations }
}

/** A document that is an image to one reader and an index to another hides content from scanners (CVE-2021-41190). */
function reportConfusedType(body: JsonObject, kind: 'image' | 'index', report: ReportFault): void {
  const strangers = kind === 'image' ? ['manifests', 'fsLayers'] : ['config', 'layers', 'fsLayers']
  for (const field of strangers) {
    if (body[field] === undefined || body[field] === null) continue
    report(field, `must not be in ${kind === 'image' ? 'an image manifest' : 'an index'}`)
  }
}

/** A required array of descriptors. Go writes an empty one as null. */
function readDescriptors(
  body: JsonObject,
  field: 'layers' | 'manifests',
  report: ReportFault,
): readonly Descriptor[] {
  const value = body[field]
  if (value === null) return []
  if (!Array.isArray(value)) {
    report(field, value === undefined ? 'is missing' : 'must be an array of descriptors')
    return []
  }
  const descriptors: Descriptor[] = []
  for (const [index, item] of value.entries()) {
    const descriptor = readDescriptor(item, `${field}[${index}]`, report)
    if (descriptor !== undefined) descriptors.push(descriptor)
  }
  return descriptors
}

type Fault = { readonly path: string; readonly fault: string }

function invalid(faults: readonly Fault[]): OciError {
  const first = faults[0]
  const place = first === undefined || first.path === '' ? 'it' : first.path
  const more = faults.length > 1 ? `, and ${faults.length - 1} more (see detail)` : ''
  return new OciError(
    'manifestInvalid',
    `The manifest is not valid: ${place} ${first?.fault}${more}.`,
    faults,
  )
}

function schema1Refused(): OciError {
  return new OciError(
    'manifestInvalid',
    'Docker image manifest schema 1 is not supported. Push the image again with a current client.',
    [{ path: 'schemaVersion', fault: 'must be 2' }],
  )
}
