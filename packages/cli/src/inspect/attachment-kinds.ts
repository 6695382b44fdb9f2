import type { Descriptor } from '@berth/oci/descriptor.ts'

const kinds: Readonly<Record<string, string>> = {
  'application/vnd.dev.sigstore.bundle.v0.3+json': 'signature or attestation (Sigstore bundle)',
  'application/vnd.dev.cosign.artifact.sig.v1+json': 'signature (cosign)',
  'application/vnd.dev.cosign.simplesigning.v1+json': 'signature (cosign)',
  'application/vnd.dev.cosign.artifact.att.v1+json': 'attestation (cosign)',
  'application/vnd.dev.cosign.artifact.sbom.v1+json': 'SBOM (cosign)',
  'application/vnd.cncf.notary.signature': 'signature (Notation)',
  'application/spdx+json': 'SBOM (SPDX)',
  'text/spdx': 'SBOM (SPDX)',
  'text/spdx+json': 'SBOM (SPDX)',
  'application/vnd.cyclonedx': 'SBOM (CycloneDX)',
  'application/vnd.cyclonedx+json': 'SBOM (CycloneDX)',
  'application/vnd.cyclonedx+xml': 'SBOM (CycloneDX)',
  'application/vnd.syft+json': 'SBOM (Syft)',
  'application/sarif+json': 'scan result (SARIF)',
  'application/vnd.in-toto+json': 'attestation (in-toto)',
  'application/vnd.in-toto.bundle': 'attestation (in-toto)',
  'application/vnd.docker.attestation.manifest.v1+json': 'attestation (BuildKit)',
}
const predicates: readonly (readonly [RegExp, string])[] = [
  [/^https:\/\/slsa\.dev\/provenance/, 'provenance (SLSA)'],
  [/^https:\/\/spdx\.dev\/Document/, 'SBOM (SPDX)'],
  [/^https:\/\/cyclonedx\.org\/bom/, 'SBOM (CycloneDX)'],
  [/^https:\/\/openvex\.dev/, 'vulnerability statement (OpenVEX)'],
  [/cosign\.sigstore\.dev\/attestation\/vuln/, 'vulnerability scan (cosign)'],
]
const suffixes: Readonly<Record<string, string>> = {
  sig: 'signature (cosign)',
  att: 'attestation (cosign)',
  sbom: 'SBOM (cosign)',
}

/** The tags under which cosign up to version 2 keeps what it says of a digest: `.sig`, `.att`, `.sbom`. */
export const attachmentSuffixes = Object.keys(suffixes)

/** What a referrer is, in words; its type as it is when nobody has words for it. */
export function nameReferrer({ artifactType, annotations }: Descriptor): string {
  const predicate =
    annotations?.['dev.sigstore.bundle.predicateType'] ?? annotations?.['predicateType']
  if (predicate !== undefined) return namePredicate(predicate)
  if (annotations?.['dev.sigstore.bundle.content'] === 'message-signature') {
    return 'signature (Sigstore bundle)'
  }
  return artifactType === undefined ? 'unknown' : (kinds[artifactType] ?? artifactType)
}

/** What an attestation states, by its predicate type. */
export function namePredicate(predicateType: string): string {
  return predicates.find(([pattern]) => pattern.test(predicateType))?.[1] ?? predicateType
}

/** What a tag such as `sha256-….sig` holds. */
export function nameSuffix(suffix: string): string {
  return suffixes[suffix] ?? suffix
}

/** The digest of the image that a child of an index attests, as BuildKit marks it; `undefined` for any other child. */
export function attestedDigest({ annotations }: Descriptor): string | undefined {
  return annotations?.['vnd.docker.reference.type'] === 'attestation-manifest'
    ? annotations['vnd.docker.reference.digest']
    : undefined
}
