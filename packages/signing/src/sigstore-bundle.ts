import { type Bundle, bundleFromJSON } from '@sigstore/bundle'
import { preAuthEncoding } from './dsse.ts'
import { parseJsonObject } from './json.ts'
import { payloadBytesMax, witnessesMax } from './limits.ts'
import { quoted, Refusal } from './refusal.ts'
import { readSimpleSigning } from './simple-signing.ts'
import { readStatement, type SignedContent } from './statement.ts'
import type { SignatureMaterial } from './signature.ts'
import { type SignedBytes, signedBytes } from './signed-bytes.ts'
import type { Subject } from './subject.ts'
import { bundleOfTag } from './cosign-tag.ts'

/** A signature in one of Sigstore's forms, read but not verified. `readContent` is for afterwards. */
export type SigstoreSignature = {
  readonly bundle: Bundle
  /** The signed document itself; empty for an envelope. */
  readonly artifact: Buffer
  readonly bytes: SignedBytes
  /** What the payload says, which must be about the subject. Throws a refusal when it is not. */
  readContent(subject: Subject): SignedContent
}

const mediaTypes: readonly string[] = [
  'application/vnd.dev.sigstore.bundle+json;version=0.1',
  'application/vnd.dev.sigstore.bundle+json;version=0.2',
  'application/vnd.dev.sigstore.bundle+json;version=0.3',
  'application/vnd.dev.sigstore.bundle.v0.3+json',
]

export const bundleMediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json'

/** Reads a Sigstore bundle (0.1 to 0.3), or what cosign before version 3 put into the layers of a tag. */
export function readSigstoreSignature(material: SignatureMaterial): SigstoreSignature {
  if (material.payload.byteLength > payloadBytesMax) {
    throw new Refusal('too-large', `A signature has at most ${payloadBytesMax} bytes.`)
  }
  const json =
    material.format === 'sigstore-bundle'
      ? parseJsonObject(material.payload, 'The Sigstore bundle')
      : bundleOfTag(material)
  const mediaType = String(json.mediaType)
  if (!mediaTypes.includes(mediaType)) {
    throw new Refusal(
      'not-supported',
      `The bundle is of the type ${quoted(mediaType)}; Berth reads versions 0.1 to 0.3.`,
    )
  }
  const bundle = parseBundle(json)
  const { tlogEntries, timestampVerificationData } = bundle.verificationMaterial
  if (
    tlogEntries.length > witnessesMax ||
    (timestampVerificationData?.rfc3161Timestamps.length ?? 0) > witnessesMax
  ) {
    throw new Refusal(
      'too-large',
      `A bundle has at most ${witnessesMax} log entries and ${witnessesMax} timestamps.`,
    )
  }
  return material.format === 'cosign-tag'
    ? ofDocument(bundle, material)
    : ofEnvelope(bundle, material)
}

function parseBundle(json: unknown): Bundle {
  try {
    return bundleFromJSON(json)
  } catch (error) {
    const fields = (error as { fields?: string[] }).fields?.join(', ')
    throw new Refusal(
      'malformed',
      `The Sigstore bundle is not valid${fields === undefined ? '' : `: ${fields}`}.`,
    )
  }
}

function ofDocument(bundle: Bundle, material: SignatureMaterial): SigstoreSignature {
  if (bundle.content.$case !== 'messageSignature') {
    throw new Refusal('malformed', 'The signature of the tag is no signature over its layer.')
  }
  const signed = Buffer.from(material.payload)
  return {
    bundle,
    artifact: signed,
    bytes: signedBytes({
      signature: bundle.content.messageSignature.signature,
      signed,
      payload: signed,
    }),
    readContent: (subject) => readSimpleSigning(signed, subject),
  }
}

function ofEnvelope(bundle: Bundle, material: SignatureMaterial): SigstoreSignature {
  if (bundle.content.$case !== 'dsseEnvelope') {
    throw new Refusal(
      'not-supported',
      'The bundle signs the bytes of an artifact, not a statement about an image. Sign with cosign 3 or with Berth.',
    )
  }
  const { payload, payloadType, signatures } = bundle.content.dsseEnvelope
  const signature = signatures[0]?.sig ?? Buffer.alloc(0)
  return {
    bundle,
    artifact: Buffer.alloc(0),
    bytes: signedBytes({ signature, signed: preAuthEncoding(payloadType, payload), payload }),
    readContent(subject) {
      const content = readStatement(payload, payloadType, subject)
      // The annotation is what tools filter by, before anything is verified.
      const announced = material.annotations['dev.sigstore.bundle.predicateType']
      if (announced !== undefined && announced !== content.predicateType) {
        throw new Refusal(
          'annotation-mismatch',
          `The manifest announces the predicate type ${quoted(announced)}, but ${quoted(content.predicateType ?? '')} was signed.`,
        )
      }
      return content
    },
  }
}
