import { createPublicKey, X509Certificate } from 'node:crypto'
import {
  certificateAnnotation,
  logAnnotation,
  signatureAnnotation,
  timestampAnnotation,
} from './cosign-tag.ts'
import { inTotoPayloadType, preAuthEncoding } from './dsse.ts'
import { keyHint } from './public-key.ts'
import { bundleMediaType } from './sigstore-bundle.ts'
import { dsseMediaType, simpleSigningMediaType } from './signature.ts'
import type { FreshSignature, Signer, Testimony, Witness } from './signer.ts'
import { writeSimpleSigning } from './simple-signing.ts'
import { signPredicateType, writeStatement } from './statement.ts'
import type { Subject } from './subject.ts'

/** A finished signature, to be stored with `referrerManifest` or `tagManifest`. */
export type SignatureArtifact = {
  /** `bundle`, `notation`: a manifest that refers to the image. `tag`: a layer of the manifest under cosign's tag. */
  readonly place: 'bundle' | 'notation' | 'signature-tag' | 'attestation-tag'
  /** The layer's blob. */
  readonly blob: Buffer
  readonly mediaType: string
  /** Of the manifest for a bundle, of the layer for a tag. */
  readonly annotations: Readonly<Record<string, string>>
}

type SigningOptions = {
  readonly subject: Subject
  readonly signer: Signer
  readonly witnesses?: readonly Witness[]
}

/** Signs an image as cosign 3 does: a DSSE envelope with an in-toto statement, inside a Sigstore bundle 0.3. */
export function signImage(
  options: SigningOptions & { readonly annotations?: Readonly<Record<string, string>> },
): Promise<SignatureArtifact> {
  return signStatement({ ...options, predicateType: signPredicateType, predicate: {} })
}

/** Attests a predicate about an image, in the same form. `predicateTypes` has the known types. */
export function attest(
  options: SigningOptions & { readonly predicateType: string; readonly predicate: unknown },
): Promise<SignatureArtifact> {
  return signStatement(options)
}

async function signStatement(
  options: SigningOptions & {
    readonly predicateType: string
    readonly predicate: unknown
    readonly annotations?: Readonly<Record<string, string>>
  },
): Promise<SignatureArtifact> {
  const { envelope, testimonies } = await signEnvelope(options)
  const entries = testimonies.flatMap((found) => (found.kind === 'log-entry' ? [found.entry] : []))
  const timestamps = testimonies.flatMap((found) =>
    found.kind === 'timestamp' ? [{ signedTimestamp: found.response.toString('base64') }] : [],
  )
  const { certificatePem, publicKeyPem } = options.signer
  const bundle = {
    mediaType: bundleMediaType,
    verificationMaterial: {
      ...(certificatePem === undefined
        ? { publicKey: { hint: keyHint(createPublicKey(publicKeyPem)) } }
        : {
            certificate: {
              rawBytes: new X509Certificate(certificatePem).raw.toString('base64'),
            },
          }),
      ...(entries.length === 0 ? {} : { tlogEntries: entries }),
      ...(timestamps.length === 0
        ? {}
        : { timestampVerificationData: { rfc3161Timestamps: timestamps } }),
    },
    dsseEnvelope: envelope,
  }
  return {
    place: 'bundle',
    blob: Buffer.from(JSON.stringify(bundle)),
    mediaType: bundleMediaType,
    annotations: {
      'dev.sigstore.bundle.content': 'dsse-envelope',
      'dev.sigstore.bundle.predicateType': options.predicateType,
    },
  }
}

/** Signs an image as cosign before version 3 did. `reference` is the repository, which is written inside. */
export async function signImageForTag(
  options: SigningOptions & {
    readonly reference: string
    readonly annotations?: Readonly<Record<string, string>>
  },
): Promise<SignatureArtifact> {
  const blob = writeSimpleSigning(options)
  const { signature, testimonies } = await signBytes(options, blob)
  return {
    place: 'signature-tag',
    blob,
    mediaType: simpleSigningMediaType,
    annotations: {
      [signatureAnnotation]: signature.toString('base64'),
      ...tagAnnotations(options.signer, testimonies),
    },
  }
}

/** Attests a predicate as cosign before version 3 did. */
export async function attestForTag(
  options: SigningOptions & { readonly predicateType: string; readonly predicate: unknown },
): Promise<SignatureArtifact> {
  const { envelope, testimonies } = await signEnvelope(options)
  return {
    place: 'attestation-tag',
    blob: Buffer.from(JSON.stringify(envelope)),
    mediaType: dsseMediaType,
    annotations: {
      // cosign looks for the annotation, and finds the signature itself in the envelope.
      [signatureAnnotation]: '',
      predicateType: options.predicateType,
      ...tagAnnotations(options.signer, testimonies),
    },
  }
}

async function signEnvelope(
  options: SigningOptions & {
    readonly predicateType: string
    readonly predicate: unknown
    readonly annotations?: Readonly<Record<string, string>>
  },
): Promise<{ envelope: object; testimonies: readonly Testimony[] }> {
  const payload = writeStatement(options)
  const signed = preAuthEncoding(inTotoPayloadType, payload)
  let envelope = {}
  const { testimonies } = await signBytes(options, signed, (signature) => {
    envelope = {
      payload: payload.toString('base64'),
      payloadType: inTotoPayloadType,
      signatures: [{ sig: signature.toString('base64') }],
    }
    return JSON.stringify(envelope)
  })
  return { envelope, testimonies }
}

async function signBytes(
  options: SigningOptions,
  signed: Buffer,
  toEnvelope?: (signature: Buffer) => string,
): Promise<{ signature: Buffer; testimonies: readonly Testimony[] }> {
  const { signer, witnesses = [] } = options
  const signature = await signer.sign(signed)
  const envelope = toEnvelope?.(signature)
  const fresh: FreshSignature = {
    signature,
    signed,
    verifierPem: signer.certificatePem ?? signer.publicKeyPem,
    ...(envelope === undefined ? {} : { envelope }),
  }
  const testimonies: Testimony[] = []
  for (const witness of witnesses) testimonies.push(await witness.attest(fresh))
  return { signature, testimonies }
}

/** What cosign 2 finds beside the signature. A log entry without a promise (Rekor 2) has no place there. */
function tagAnnotations(
  signer: Signer,
  testimonies: readonly Testimony[],
): Readonly<Record<string, string>> {
  const annotations: Record<string, string> = {}
  if (signer.certificatePem !== undefined) {
    annotations[certificateAnnotation] = signer.certificatePem
  }
  for (const found of testimonies) {
    if (found.kind === 'timestamp') {
      annotations[timestampAnnotation] = JSON.stringify({
        SignedRFC3161Timestamp: found.response.toString('base64'),
      })
      continue
    }
    const entry = found.entry as {
      logIndex: string
      integratedTime: string
      logId: { keyId: string }
      canonicalizedBody: string
      inclusionPromise?: { signedEntryTimestamp: string }
    }
    if (entry.inclusionPromise === undefined) continue
    annotations[logAnnotation] = JSON.stringify({
      SignedEntryTimestamp: entry.inclusionPromise.signedEntryTimestamp,
      Payload: {
        body: entry.canonicalizedBody,
        integratedTime: Number(entry.integratedTime),
        logIndex: Number(entry.logIndex),
        logID: Buffer.from(entry.logId.keyId, 'base64').toString('hex'),
      },
    })
  }
  return annotations
}
