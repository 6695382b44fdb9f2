import type { PackageFinding, ScanReport } from '../finding.ts'
import type { CataloguedPackage, Distribution } from '../package.ts'
import { imagePurl } from './image-purl.ts'
import { type ExtractedLicense, spdxExpression } from './licenses.ts'
import { uuidOf } from './stable-id.ts'

/**
 * An SPDX 2.3 document in JSON (https://spdx.github.io/spdx-spec/v2.3/): the image, its distribution, and every package
 * in it. The same report makes the same bytes. What SPDX has no field for (path, layer, what is not covered) stands in
 * comments, a `name: value` a line, which `sbom/spdx.ts` reads back. With `withFindings`, packages refer to the
 * addresses of their advisories.
 */
export function writeSpdx(report: ScanReport, options: { withFindings?: boolean } = {}): string {
  const { artifact, catalogue, scanner } = report
  const findings = Map.groupBy(options.withFindings === true ? report.findings : [], (finding) =>
    keyOf(finding.package),
  )
  const extracted = new Map<string, ExtractedLicense>()
  const ids = new Map<string, number>()
  const packages = catalogue.packages.map((found) => {
    const licenses = spdxExpression(found.licenses)
    for (const license of licenses.extracted) extracted.set(license.id, license)
    return packageOf(found, idOf(found, ids), licenses.expression, findings.get(keyOf(found)) ?? [])
  })
  const rootId = 'SPDXRef-Artifact'
  const systemId = 'SPDXRef-OperatingSystem'
  const { distribution } = catalogue
  const comment = [
    ...(catalogue.distribution?.endOfLife === undefined
      ? []
      : [`end of life: ${catalogue.distribution.endOfLife}`]),
    ...catalogue.notCovered.map(({ path, reason }) => `not covered: ${path}: ${reason}`),
  ].map((line) => line.replace(/[\r\n]+/g, ' '))
  const body = {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: artifact.name,
    ...(comment.length > 0 && { comment: comment.join('\n') }),
    creationInfo: {
      created: seconds(report.scannedAt),
      creators: [`Tool: ${scanner.name}-${scanner.version}`],
    },
    packages: [
      rootPackage(report, rootId),
      ...(distribution === undefined ? [] : [systemPackage(distribution, systemId)]),
      ...packages,
    ],
    ...(extracted.size > 0 && {
      hasExtractedLicensingInfos: [...extracted.values()]
        .sort((a, b) => (a.id < b.id ? -1 : 1))
        .map(({ id, text }) => ({ licenseId: id, name: nameOfText(text), extractedText: text })),
    }),
    relationships: [
      relation('SPDXRef-DOCUMENT', 'DESCRIBES', rootId),
      ...(distribution === undefined ? [] : [relation(rootId, 'CONTAINS', systemId)]),
      ...packages.map(({ SPDXID }) => relation(rootId, 'CONTAINS', SPDXID)),
    ],
  }
  const namespace = `https://spdx.org/spdxdocs/berth-${uuidOf(JSON.stringify([artifact, body]))}`
  return `${JSON.stringify({ ...body, documentNamespace: namespace }, null, 2)}\n`
}

function rootPackage({ artifact }: ScanReport, id: string): Record<string, unknown> {
  const purl = imagePurl(artifact)
  const hex = /^sha256:([0-9a-f]{64})$/.exec(artifact.digest ?? '')?.[1]
  return {
    SPDXID: id,
    name: artifact.name,
    ...(artifact.digest !== undefined && { versionInfo: artifact.digest }),
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: 'NOASSERTION',
    copyrightText: 'NOASSERTION',
    primaryPackagePurpose: artifact.digest === undefined ? 'OTHER' : 'CONTAINER',
    ...(hex !== undefined && { checksums: [{ algorithm: 'SHA256', checksumValue: hex }] }),
    ...(purl !== undefined && { externalRefs: [purlReference(purl)] }),
  }
}

function systemPackage(distribution: Distribution, id: string): Record<string, unknown> {
  const lines = [
    `name: ${distribution.name}`,
    ...(distribution.codename === undefined ? [] : [`codename: ${distribution.codename}`]),
    ...(distribution.idLike.length === 0 ? [] : [`idLike: ${distribution.idLike.join(' ')}`]),
  ]
  return {
    SPDXID: id,
    name: distribution.id,
    ...(distribution.version !== '' && { versionInfo: distribution.version }),
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: 'NOASSERTION',
    copyrightText: 'NOASSERTION',
    primaryPackagePurpose: 'OPERATING-SYSTEM',
    comment: lines.join('\n'),
  }
}

function packageOf(
  found: CataloguedPackage,
  id: string,
  license: string,
  findings: readonly PackageFinding[],
): { SPDXID: string } & Record<string, unknown> {
  const advisories = [
    ...new Set(findings.flatMap(({ references }) => references.filter(isWebAddress).slice(0, 1))),
  ].sort()
  const lines = [
    ...(found.path === '' ? [] : [`path: ${found.path}`]),
    ...(found.layer === undefined ? [] : [`layer: ${found.layer}`]),
    ...(found.modularity === undefined ? [] : [`modularity: ${found.modularity}`]),
  ].map((line) => line.replace(/[\r\n]+/g, ' '))
  return {
    SPDXID: id,
    name: found.name,
    versionInfo: found.version,
    ...(found.maintainer !== undefined && {
      supplier: `Organization: ${found.maintainer.replace(/\s+/g, ' ')}`,
    }),
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: license,
    copyrightText: 'NOASSERTION',
    ...(found.source !== undefined && {
      sourceInfo: `built package from: ${found.source.name} ${found.source.version}`,
    }),
    ...(lines.length > 0 && { comment: lines.join('\n') }),
    externalRefs: [
      purlReference(found.purl),
      ...advisories.map((referenceLocator) => ({
        referenceCategory: 'SECURITY',
        referenceType: 'advisory',
        referenceLocator,
      })),
    ],
  }
}

/** `SPDXRef-deb-zlib1g-1.2.11-…`; numbered where two packages would share one. */
function idOf(found: CataloguedPackage, ids: Map<string, number>): string {
  const id = `SPDXRef-${[found.kind, found.name, found.version].join('-').replace(/[^A-Za-z0-9.]+/g, '-')}`
  const count = (ids.get(id) ?? 0) + 1
  ids.set(id, count)
  // Two dashes: names have their runs of dashes made one, so no other package can be called so.
  return count === 1 ? id : `${id}--${count}`
}

function keyOf({ purl, path }: CataloguedPackage): string {
  return `${purl}\0${path}`
}

function purlReference(purl: string): Record<string, string> {
  return { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }
}

function relation(from: string, relationshipType: string, to: string): Record<string, string> {
  return { spdxElementId: from, relationshipType, relatedSpdxElement: to }
}

function isWebAddress(reference: string): boolean {
  return /^https?:\/\/\S+$/.test(reference)
}

function nameOfText(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 100)
}

/** SPDX knows no fractions of seconds. */
function seconds(moment: string): string {
  return new Date(moment).toISOString().replace(/\.\d+Z$/, 'Z')
}
