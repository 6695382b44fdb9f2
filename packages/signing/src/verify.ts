import { quoted, Refusal, type RefusalReason } from './refusal.ts'
import { readSigstoreSignature } from './sigstore-bundle.ts'
import type { SignatureMaterial } from './signature.ts'
import type { SignedContent } from './statement.ts'
import { type Subject, subjectHex } from './subject.ts'
import type { Trust } from './trust.ts'
import { type Signed, verifyByKey } from './verify-key.ts'
import { verifyByCertificate } from './verify-keyless.ts'
import { verifyNotation } from './verify-notation.ts'

/** What a signature is worth. `identity` is the name of the trusted identity that it matched. */
export type Verdict =
  | {
      readonly state: 'verified'
      readonly identity: string
      /** An attestation is no signature: any verified one would otherwise make an image count as signed. */
      readonly what: 'signature' | 'attestation'
      readonly predicateType?: string
      /** The attested JSON object; `readPredicate` reads the known types. */
      readonly predicate?: unknown
      /** ISO 8601. Absent where nothing trusted attests the time, as with a bare key. */
      readonly signedAt?: string
      /** What the signer wrote beside it, such as cosign's `-a key=value`. */
      readonly annotations: Readonly<Record<string, string>>
    }
  | {
      readonly state: 'refused'
      readonly reason: RefusalReason
      /** For people: what is wrong, where, and what to do. */
      readonly message: string
    }

export type VerifyOptions = {
  /** What is asked for; anything else that verifies is refused. Default: signatures and attestations alike. */
  readonly expect?: 'signature' | { readonly predicateType: string }
  /** For tests. */
  readonly now?: Date
}

/** Clocks of logs and authorities may be ahead by this much. */
const skewMilliseconds = 5 * 60_000

/**
 * Verifies one signature against what is trusted, without any network. It is verified when a trusted identity made it,
 * over a statement about this subject, at a time at which its certificate was valid. Never throws for bad input:
 * whatever the bytes are, the answer is a verdict.
 */
export async function verifySignature(
  material: SignatureMaterial,
  subject: Subject,
  trust: Trust,
  options: VerifyOptions = {},
): Promise<Verdict> {
  const now = options.now ?? new Date()
  try {
    if (subjectHex(subject) === undefined) {
      throw new Refusal(
        'subject-digest-unsupported',
        `Signatures name images by sha256; ${quoted(subject.digest)} is not such a digest.`,
      )
    }
    if (trust.identities.length === 0) {
      throw new Refusal('no-trusted-identity', 'No identity is trusted here, so nobody can sign.')
    }
    const { signed, content } = verify(material, subject, trust, now)
    checkTime(signed, now)
    checkExpected(content, options.expect)
    return {
      state: 'verified',
      identity: signed.identity,
      ...content,
      ...(signed.signedAt === undefined ? {} : { signedAt: signed.signedAt.toISOString() }),
    }
  } catch (error) {
    if (error instanceof Refusal) {
      return { state: 'refused', reason: error.reason, message: error.message }
    }
    const cause = error instanceof Error ? error.message : String(error)
    return {
      state: 'refused',
      reason: 'malformed',
      message: `The signature cannot be read: ${cause.slice(0, 200)}.`,
    }
  }
}

function verify(
  material: SignatureMaterial,
  subject: Subject,
  trust: Trust,
  now: Date,
): { signed: Signed; content: SignedContent } {
  switch (material.format) {
    case 'sigstore-bundle':
    case 'cosign-tag':
    case 'cosign-attestation-tag': {
      const signature = readSigstoreSignature(material)
      const { content: key } = signature.bundle.verificationMaterial
      const signed =
        key.$case === 'publicKey'
          ? verifyByKey(signature, key.publicKey.hint, trust)
          : verifyByCertificate(signature, trust)
      return { signed, content: signature.readContent(subject) }
    }
    case 'notation-jws': {
      const { identity, content } = verifyNotation(material.payload, subject, trust, now)
      return { signed: { identity, signedAt: undefined }, content }
    }
    case 'notation-cose':
      throw new Refusal(
        'not-supported',
        'The signature is a COSE envelope of Notation, which Berth does not read. Sign with the JWS format: notation sign --signature-format jws.',
      )
  }
}

function checkTime(signed: Signed, now: Date): void {
  if (signed.signedAt !== undefined && +signed.signedAt > now.getTime() + skewMilliseconds) {
    throw new Refusal(
      'signed-in-the-future',
      `It claims to be signed at ${signed.signedAt.toISOString()}, which is yet to come. Check the clock of this machine.`,
    )
  }
}

function checkExpected(content: SignedContent, expect: VerifyOptions['expect']): void {
  if (expect === undefined) return
  if (expect === 'signature') {
    if (content.what === 'signature') return
    throw new Refusal(
      'not-a-signature',
      `It is an attestation (${quoted(content.predicateType ?? '')}), not a signature of the image.`,
    )
  }
  if (content.predicateType === expect.predicateType && content.what === 'attestation') return
  throw new Refusal(
    'predicate-type-mismatch',
    `It attests ${quoted(content.predicateType ?? 'nothing')}, not ${quoted(expect.predicateType)}.`,
  )
}
