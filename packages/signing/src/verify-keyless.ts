import { X509Certificate } from 'node:crypto'
import { type Signer, Verifier } from '@sigstore/verify'
import { codeSigning, readUsage } from './certificate-usage.ts'
import { matchesGlob } from './glob.ts'
import { refusalOf } from './library-refusal.ts'
import { checkEntryKind, checkLoggedKey, isOfKnownLog, logEntries } from './log-entries.ts'
import { keyFault } from './public-key.ts'
import { quoted, Refusal } from './refusal.ts'
import { signedEntity, signingTimes } from './signed-entity.ts'
import type { SigstoreSignature } from './sigstore-bundle.ts'
import type { KeylessIdentity, TextOrGlob, Trust } from './trust.ts'
import type { TrustedRoot } from './trusted-root.ts'
import type { Signed } from './verify-key.ts'

/** What a failure with one root says when another root may still succeed: the signature is of another Sigstore instance. */
const ofAnotherRoot: ReadonlySet<string> = new Set([
  'certificate-untrusted',
  'log-unknown',
  'timestamp-invalid',
])

/**
 * A signature under a short-lived certificate. Every root is tried by itself, so that the log of one instance cannot
 * vouch for the certificates of another; of several failures the most telling one is kept.
 */
export function verifyByCertificate(signature: SigstoreSignature, trust: Trust): Signed {
  const identities = trust.identities.filter((identity) => identity.kind === 'keyless')
  if (identities.length === 0) {
    throw new Refusal(
      'certificate-not-accepted',
      'It was signed with a certificate, and only keys are trusted here.',
    )
  }
  const roots = trust.roots.filter((root) => identities.some((identity) => isOf(identity, root)))
  if (roots.length === 0) {
    throw new Refusal(
      'no-trusted-root',
      'It was signed with a certificate, and no trusted root is imported that an accepted identity may come from. Import the trusted_root.json of the Sigstore instance.',
    )
  }
  checkCertificate(signature)
  let refusal: Refusal | undefined
  for (const root of roots) {
    try {
      const { signer, times } = verifyWithRoot(signature, root)
      const identity = matchIdentity(
        signer,
        identities.filter((candidate) => isOf(candidate, root)),
      )
      return { identity: identity.name, signedAt: times[0] }
    } catch (error) {
      const found = refusalOf(error)
      if (refusal === undefined || ofAnotherRoot.has(refusal.reason)) refusal = found
    }
  }
  throw refusal ?? new Refusal('no-trusted-root', 'No trusted root is imported.')
}

function isOf(identity: KeylessIdentity, root: TrustedRoot): boolean {
  return identity.root === undefined || identity.root === root.name
}

/** The certificate by itself: the library looks at its chain, not at what it is for. */
function checkCertificate(signature: SigstoreSignature): void {
  const { content } = signature.bundle.verificationMaterial
  const raw =
    content.$case === 'x509CertificateChain'
      ? content.x509CertificateChain.certificates[0]?.rawBytes
      : content.$case === 'certificate'
        ? content.certificate.rawBytes
        : undefined
  let certificate: X509Certificate
  let fault: string | undefined
  try {
    certificate = new X509Certificate(raw ?? Buffer.alloc(0))
    fault = keyFault(certificate.publicKey)
  } catch {
    throw new Refusal('certificate-malformed', 'The signing certificate cannot be read.')
  }
  if (fault !== undefined) throw new Refusal('key-too-weak', fault)
  const usage = readUsage(certificate)
  if (usage === undefined) {
    throw new Refusal('certificate-malformed', 'The extensions of the certificate cannot be read.')
  }
  if (usage.isAuthority || usage.purposes?.includes(codeSigning) !== true) {
    throw new Refusal(
      'certificate-not-for-signing',
      'The certificate is not one for signing code: it lacks that extended key usage, or is an authority itself.',
    )
  }
}

function verifyWithRoot(
  signature: SigstoreSignature,
  root: TrustedRoot,
): { signer: Signer; times: readonly Date[] } {
  const tlogEntries = logEntries(signature.bundle)
  for (const entry of tlogEntries) {
    checkEntryKind(entry)
    if (!isOfKnownLog(entry, root)) {
      throw new Refusal('log-unknown', 'The log entry is of a log that no trusted root names.')
    }
  }
  const entity = signedEntity(signature)
  const material = {
    ...root.material,
    publicKey: () => {
      throw new Refusal('malformed', 'The bundle names a key where a certificate was expected.')
    },
  }
  const signer = new Verifier(material, {
    tlogThreshold: 1,
    ctlogThreshold: 1,
    timestampThreshold: 1,
  }).verify(entity)
  const times = signingTimes(entity)
  for (const entry of tlogEntries) {
    checkLoggedKey(entry, signer.key)
    if (!times.every((time) => isOfKnownLog(entry, root, time))) {
      throw new Refusal('log-closed', 'The log of the entry was not in use at the time of signing.')
    }
  }
  return { signer, times }
}

function matchIdentity(signer: Signer, identities: readonly KeylessIdentity[]): KeylessIdentity {
  const issuer = signer.identity?.extensions?.issuer ?? ''
  const subject = signer.identity?.subjectAlternativeName ?? ''
  const ofIssuer = identities.filter((identity) => fits(identity.issuer, issuer))
  if (ofIssuer.length === 0) {
    throw new Refusal(
      'issuer-mismatch',
      `The signer is ${quoted(subject)} by the issuer ${quoted(issuer)}, which is not accepted here.`,
    )
  }
  const ofSubject = ofIssuer.filter((identity) => fits(identity.subject, subject))
  if (ofSubject.length === 0) {
    throw new Refusal(
      'identity-mismatch',
      `The signer is ${quoted(subject)} (issuer ${quoted(issuer)}), who is not accepted here.`,
    )
  }
  const found = ofSubject.find((identity) => missingExtension(identity, signer) === undefined)
  if (found !== undefined) return found
  const first = ofSubject[0]
  const missing = first === undefined ? '' : missingExtension(first, signer)
  throw new Refusal(
    'extension-mismatch',
    `The signer ${quoted(subject)} is accepted, but the certificate's claim ${missing} has another value, or is missing.`,
  )
}

function fits(expected: TextOrGlob, text: string): boolean {
  if (text === '') return false
  return typeof expected === 'string' ? expected === text : matchesGlob(expected.glob, text)
}

function missingExtension(identity: KeylessIdentity, signer: Signer): string | undefined {
  return Object.entries(identity.extensions ?? {}).find(([oid, expected]) => {
    const value = signer.identity?.oids?.find((entry) => entry.oid?.id.join('.') === oid)?.value
    return value === undefined || !fits(expected, extensionText(value))
  })?.[0]
}

/** Fulcio's newer extensions are DER UTF8Strings, those up to 1.6 bare text. */
function extensionText(value: Buffer): string {
  const isShort = value[0] === 0x0c && value[1] === value.length - 2
  const isLong = value[0] === 0x0c && value[1] === 0x81 && value[2] === value.length - 3
  return value.subarray(isShort ? 2 : isLong ? 3 : 0).toString()
}
