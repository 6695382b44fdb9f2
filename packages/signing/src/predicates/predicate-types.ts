/** The types of predicate that Berth knows by name, as they stand in a statement. */
export const predicateTypes = {
  slsaProvenance: 'https://slsa.dev/provenance/v1',
  slsaProvenance02: 'https://slsa.dev/provenance/v0.2',
  spdx: 'https://spdx.dev/Document',
  cyclonedx: 'https://cyclonedx.org/bom',
  vulnerabilities: 'https://cosign.sigstore.dev/attestation/vuln/v1',
  openvex: 'https://openvex.dev/ns',
} as const

export type PredicateName = keyof typeof predicateTypes

/** Some tools add a version to the type (`https://spdx.dev/Document/v2.3`, `https://openvex.dev/ns/v0.2.0`). */
export function predicateNameOf(predicateType: string): PredicateName | undefined {
  for (const [name, type] of Object.entries(predicateTypes) as [PredicateName, string][]) {
    if (predicateType === type) return name
    const isVersioned = name === 'spdx' || name === 'cyclonedx' || name === 'openvex'
    if (isVersioned && /^\/v\d+(?:\.\d+){0,2}$/.test(predicateType.slice(type.length))) {
      if (predicateType.startsWith(type)) return name
    }
  }
  return undefined
}
