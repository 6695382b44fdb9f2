/** What the Notary Project's signature specification demands of certificates ("Certificate requirements"). */
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs it loaded first
import 'reflect-metadata'
import type { X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { keyFault } from './public-key.ts'
import { quoted, Refusal } from './refusal.ts'

const codeSigning = '1.3.6.1.5.5.7.3.3'
const { KeyUsageFlags } = x509

/** Everything but a digital signature. */
const foreignUsages =
  KeyUsageFlags.keyEncipherment |
  KeyUsageFlags.dataEncipherment |
  KeyUsageFlags.keyAgreement |
  KeyUsageFlags.keyCertSign |
  KeyUsageFlags.cRLSign

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
  const { usages, isAuthority, purposes } = readUsages(certificate)
  const signsCode = purposes === undefined || purposes.includes(codeSigning)
  const signs = (usages & KeyUsageFlags.digitalSignature) !== 0 && (usages & foreignUsages) === 0
  if (isAuthority || !signs || !signsCode) {
    throw new Refusal(
      'certificate-not-for-signing',
      `The certificate ${quoted(nameOf(certificate))} is not one for signing code: its key usage must be digital signature alone, its extended key usage code signing, and it must be no authority.`,
    )
  }
}

function checkAuthority(certificate: X509Certificate, below: number): void {
  const { usages, isAuthority, pathLength } = readUsages(certificate)
  const mayIssue = isAuthority && (usages & KeyUsageFlags.keyCertSign) !== 0
  if (!mayIssue || (pathLength !== undefined && pathLength < below)) {
    throw new Refusal(
      'certificate-untrusted',
      `The certificate ${quoted(nameOf(certificate))} must not issue certificates, or not so many below it.`,
    )
  }
}

function readUsages(certificate: X509Certificate): {
  usages: number
  isAuthority: boolean
  pathLength: number | undefined
  purposes: readonly string[] | undefined
} {
  try {
    const parsed = new x509.X509Certificate(new Uint8Array(certificate.raw))
    const constraints = parsed.getExtension(x509.BasicConstraintsExtension)
    return {
      usages: parsed.getExtension(x509.KeyUsagesExtension)?.usages ?? 0,
      isAuthority: constraints?.ca ?? false,
      pathLength: constraints?.pathLength,
      purposes: parsed.getExtension(x509.ExtendedKeyUsageExtension)?.usages.map(String),
    }
  } catch {
    throw new Refusal(
      'certificate-malformed',
      `The extensions of the certificate ${quoted(nameOf(certificate))} cannot be read.`,
    )
  }
}

/** Node writes a distinguished name as one attribute a line. */
function nameOf(certificate: X509Certificate): string {
  return certificate.subject.replaceAll('\n', ', ')
}
