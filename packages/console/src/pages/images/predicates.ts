import { imageSecurityText } from '../../text/image-security.ts'

const text = imageSecurityText.trust

/** What the predicates that one meets mostly are about; `undefined` for others. */
export function predicateWords(type: string): string | undefined {
  if (type.includes('slsa.dev/provenance')) return text.provenance
  if (type.includes('spdx.dev') || type.includes('cyclonedx')) return text.sbom
  if (type.includes('openvex')) return text.vex
  if (type.includes('/vuln')) return text.vulnerabilities
  if (type.includes('cosign/sign')) return text.whats.signature
  return undefined
}
