import type { Descriptor } from '@berth/oci/descriptor.ts'
import { type ParsedManifest, parseManifest } from '@berth/oci/manifest.ts'
import { OciError } from '@berth/oci/oci-error.ts'
import { layersMax } from './limits.ts'
import { type Subject, subjectHex } from './subject.ts'

/** The ways in which a signature is stored beside an image. */
export type SignatureFormat =
  | 'sigstore-bundle'
  | 'cosign-tag'
  | 'cosign-attestation-tag'
  | 'notation-jws'
  | 'notation-cose'

/** One signature as it was found, not verified in any way. */
export type SignatureMaterial = {
  /** Digest of the manifest that carries it. */
  readonly source: string
  readonly format: SignatureFormat
  /** The bytes of the layer's blob. */
  readonly payload: Uint8Array
  /** Of the layer, and of the manifest where the format puts them there. */
  readonly annotations: Readonly<Record<string, string>>
  /** The layer's. */
  readonly mediaType: string
}

/** A layer to fetch, whose blob is the payload of a `SignatureMaterial`. */
export type SignatureLayer = {
  readonly descriptor: Descriptor
  readonly format: SignatureFormat
  readonly annotations: Readonly<Record<string, string>>
}

export const simpleSigningMediaType = 'application/vnd.dev.cosign.simplesigning.v1+json'
export const dsseMediaType = 'application/vnd.dsse.envelope.v1+json'
export const notationConfigMediaType = 'application/vnd.cncf.notary.signature'
const bundleMediaType =
  /^application\/vnd\.dev\.sigstore\.bundle(?:\.v\d+\.\d+\+json|\+json)(?:;|$)/

/**
 * The layers of a manifest that hold signatures or attestations; undefined when it carries none, or is no manifest.
 * `subject` is what the manifest says it is about: a hint for finding it, never a proof.
 */
export function readSignatureManifest(
  payload: Uint8Array,
  mediaType: string,
): { layers: readonly SignatureLayer[]; subject: string | undefined } | undefined {
  let manifest: ParsedManifest
  try {
    manifest = parseManifest(payload, mediaType)
  } catch (error) {
    if (error instanceof OciError) return undefined
    throw error
  }
  const layers: SignatureLayer[] = []
  for (const descriptor of manifest.layers.slice(0, layersMax)) {
    const format = layerFormat(descriptor.mediaType, manifest)
    if (format === undefined) continue
    const own = descriptor.annotations ?? {}
    const isTag = format === 'cosign-tag' || format === 'cosign-attestation-tag'
    layers.push({
      descriptor,
      format,
      annotations: isTag ? own : { ...own, ...manifest.annotations },
    })
  }
  return layers.length === 0 ? undefined : { layers, subject: manifest.subject?.digest }
}

function layerFormat(mediaType: string, manifest: ParsedManifest): SignatureFormat | undefined {
  if (bundleMediaType.test(mediaType)) return 'sigstore-bundle'
  if (mediaType === simpleSigningMediaType) return 'cosign-tag'
  if (mediaType === dsseMediaType) return 'cosign-attestation-tag'
  if (
    manifest.artifactType !== notationConfigMediaType &&
    manifest.config?.mediaType !== notationConfigMediaType
  ) {
    return undefined
  }
  if (mediaType === 'application/jose+json') return 'notation-jws'
  if (mediaType === 'application/cose') return 'notation-cose'
  return undefined
}

/** The tags under which cosign before version 3 keeps what belongs to an image; undefined without a sha256 digest. */
export function cosignTags(
  subject: Subject,
): { signatures: string; attestations: string; sboms: string } | undefined {
  const hex = subjectHex(subject)
  if (hex === undefined) return undefined
  return {
    signatures: `sha256-${hex}.sig`,
    attestations: `sha256-${hex}.att`,
    sboms: `sha256-${hex}.sbom`,
  }
}

/** The digest that such a tag belongs to; undefined for any other tag. */
export function subjectOfCosignTag(tag: string): Subject | undefined {
  const hex = /^sha256-([0-9a-f]{64})\.(?:sig|att|sbom)$/.exec(tag)?.[1]
  return hex === undefined ? undefined : { digest: `sha256:${hex}` }
}
