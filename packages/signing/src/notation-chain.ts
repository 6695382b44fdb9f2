/** What the Notary Project's signature specification demands of certificates ("Certificate requirements"). */
import type { X509Certificate } from 'node:crypto'
import { type CertificateUsage, codeSigning, KeyUsage, readUsage } from './certificate-usage.ts'
import { keyFault } from './public-key.ts'
import { quoted, Refusal } from './refusal.ts'

/** Everything but a digital signature. */
const foreignUsages =
  KeyUsage.keyEncipherment |
  KeyUsage.dataEncipherment |
  KeyUsage.keyAgreement |
  KeyUsage.keyCertSign |
  KeyUsage.cRLSign

/**
 * Demands a whole chain from the signer to a self-signed root, each issued by the next and valid at `at`, the signer for
 * signing code alone. Does not judge whether anybody trusts the root.
 */
export function checkChain(chain: readonly X509Certificate[], at: Date): void {
  for (const [index, certificate] of chain.entries()) {
    const name = quoted(nameOf(certificate))
    const issuer = chain[index + 1] ?? certificate
    const isRoot = index === chain.length - 1
    if (certificate.issuer !== issuer.subject || !certificate.verify(issuer.publicKey)) {
      throw new Refusal(
        'certificate-untrusted',
        isRoot
          ? `The chain does not end in a self-signed certificate, but in ${name}.`
          : `The certificate ${name} was not issued by the next one of its chain.`,
      )
    }
    if (at < certificate.validFromDate || at > certificate.validToDate) {
      throw new Refusal(
        'certificate-expired',
        `The certificate ${name} is valid from ${certificate.validFromDate.toISOString()} to ${certificate.validToDate.toISOString()}, and not at ${at.toISOString()}.`,
      )
    }
    const fault = keyFault(certificate.publicKey)
    if (fault !== undefined) throw new Refusal('key-too-weak', fault)
    if (index > 0) checkAuthority(certificate, index - 1)
  }
  const [signer] = chain
  if (signer !== undefined) checkSigner(signer)
}

function checkSigner(certificate: X509Certificate): void {
  const { usages, isAuthority, purposes } = usageOf(certificate)
  const signsCode = purposes === undefined || purposes.includes(codeSigning)
  const signs = (usages & KeyUsage.digitalSignature) !== 0 && (usages & foreignUsages) === 0
  if (isAuthority || !signs || !signsCode) {
    throw new Refusal(
      'certificate-not-for-signing',
      `The certificate ${quoted(nameOf(certificate))} is not one for signing code: its key usage must be digital signature alone, its extended key usage code signing, and it must be no authority.`,
    )
  }
}

function checkAuthority(certificate: X509Certificate, below: number): void {
  const { usages, isAuthority, pathLength } = usageOf(certificate)
  const mayIssue = isAuthority && (usages & KeyUsage.keyCertSign) !== 0
  if (!mayIssue || (pathLength !== undefined && pathLength < below)) {
    throw new Refusal(
      'certificate-untrusted',
      `The certificate ${quoted(nameOf(certificate))} must not issue certificates, or not so many below it.`,
    )
  }
}

function usageOf(certificate: X509Certificate): CertificateUsage {
  const usage = readUsage(certificate)
  if (usage !== undefined) return usage
  throw new Refusal(
    'certificate-malformed',
    `The extensions of the certificate ${quoted(nameOf(certificate))} cannot be read.`,
  )
}

/** Node writes a distinguished name as one attribute a line. */
function nameOf(certificate: X509Certificate): string {
  return certificate.subject.replaceAll('\n', ', ')
}
