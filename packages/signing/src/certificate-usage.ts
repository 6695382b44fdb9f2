/** What a certificate says it may be used for. */
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs it loaded first
import 'reflect-metadata'
import type { X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'

export const codeSigning = '1.3.6.1.5.5.7.3.3'

export const KeyUsage = x509.KeyUsageFlags

export type CertificateUsage = {
  /** Bits of `KeyUsage`; 0 without the extension. */
  readonly usages: number
  /** What the certificate says. Node's `ca` is false, too, when the key usage contradicts it. */
  readonly isAuthority: boolean
  readonly pathLength: number | undefined
  /** Extended key usages by object identifier; undefined without the extension. */
  readonly purposes: readonly string[] | undefined
}

/** Undefined when the extensions cannot be read. */
export function readUsage(certificate: X509Certificate): CertificateUsage | undefined {
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
    return undefined
  }
}
