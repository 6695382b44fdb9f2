import type { TemplateName } from '@berth/api/policy-document.ts'

/** A rule for each template, as it stands in a document. */
export const examples: Readonly<Record<TemplateName, string>> = {
  maximumCvss: `  - name: no-known-holes
    on: [pull, promotion]
    tags: ["v*"]
    whenUnscanned: wait
    maximumCvss: { score: 6.9, onlyFixable: true, gracePeriod: 7d }`,
  signedBy: `  - name: signed
    signedBy: { identities: [release, security], threshold: all }`,
  scannedWithin: `  - name: fresh
    scannedWithin: { age: 7d }`,
  maximumDataAge: `  - name: fresh-advisories
    mode: warn
    maximumDataAge: { age: 3d }`,
  sla: `  - name: mended-in-time
    sla: { critical: 1d, high: 7d, medium: 30d, kev: 1d }`,
  deniedPackages: `  - name: no-old-log4j
    deniedPackages:
      packages:
        - { kind: maven, name: "org.apache.logging.log4j:log4j-core", below: 2.17.1 }
        - { name: telnetd }`,
  deniedVulnerabilities: `  - name: never-again
    deniedVulnerabilities: { vulnerabilities: [CVE-2021-44228, CVE-2024-3094], vex: none }`,
  requireAttestation: `  - name: built-by-ci
    requireAttestation: { predicateType: "https://slsa.dev/provenance/v1", signedBy: [ci] }`,
  requireSbom: `  - name: bill-of-materials
    requireSbom: { formats: [spdx, cyclonedx] }`,
  allowedBaseImages: `  - name: our-bases
    on: [push]
    allowedBaseImages: { images: ["docker.io/library/{debian,alpine}:*", "registry.example.com/base/**"] }`,
  notRoot: `  - name: no-root
    on: [push, pull]
    notRoot: true`,
  requiredLabels: `  - name: owned
    on: [push]
    requiredLabels: { labels: [org.opencontainers.image.source, owner] }`,
  maximumSize: `  - name: small
    on: [push]
    platforms: [linux/amd64, linux/arm64]
    maximumSize: { size: 1.5GiB }`,
  maximumLayers: `  - name: few-layers
    on: [push]
    mode: warn
    maximumLayers: { layers: 40 }`,
  maximumAge: `  - name: rebuilt
    repositories: ["prod/**"]
    maximumAge: { age: 90d, whenUnknown: block }`,
  licences: `  - name: licences
    mode: audit
    licences: { deny: ["AGPL-*", "SSPL-*"], whenUnknown: allow }`,
}
