import type { ScanReport } from '../finding.ts'
import type { CataloguedPackage, Distribution } from '../package.ts'
import { cycloneDxVulnerabilities } from './cyclonedx-vulnerabilities.ts'
import { imagePurl } from './image-purl.ts'
import { type DeclaredLicense, readLicense } from './licenses.ts'
import { uuidOf } from './stable-id.ts'

type Property = { readonly name: string; readonly value: string }

/**
 * A CycloneDX 1.6 document in JSON (https://cyclonedx.org/docs/1.6/json/): the image, its distribution and every package
 * in it; with `withFindings` also the vulnerabilities, those that were judged away with the judgement as their analysis.
 * The same report makes the same bytes. What is not covered makes the composition incomplete.
 */
export function writeCycloneDx(
  report: ScanReport,
  options: { withFindings?: boolean } = {},
): string {
  const { artifact, catalogue, scanner } = report
  const references = referencesOf(catalogue.packages)
  const rootPurl = imagePurl(artifact)
  const root = rootPurl ?? `berth:artifact:${artifact.name}`
  const system = 'berth:operating-system'
  const { distribution } = catalogue
  const components = catalogue.packages.map((found, index) =>
    componentOf(found, references[index] ?? ''),
  )
  const metadata = {
    timestamp: report.scannedAt,
    tools: { components: [{ type: 'application', name: scanner.name, version: scanner.version }] },
    component: {
      type: artifact.digest === undefined ? 'application' : 'container',
      'bom-ref': root,
      name: artifact.name,
      ...(artifact.digest !== undefined && { version: artifact.digest }),
      ...(rootPurl !== undefined && { purl: rootPurl }),
      ...withProperties(artifactProperties(artifact)),
    },
    ...withProperties([
      ...catalogue.notCovered.map(({ path, reason }) => ({
        name: 'berth:notCovered',
        value: `${path}: ${reason}`,
      })),
      ...(options.withFindings === true ? dataProperties(report) : []),
    ]),
  }
  const body = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata,
    components: [
      ...(distribution === undefined ? [] : [systemOf(distribution, system)]),
      ...components,
    ],
    dependencies: [
      { ref: root, dependsOn: [...(distribution === undefined ? [] : [system]), ...references] },
    ],
    ...(catalogue.notCovered.length > 0 && {
      compositions: [{ aggregate: 'incomplete', assemblies: [root] }],
    }),
    ...(options.withFindings === true && {
      vulnerabilities: cycloneDxVulnerabilities(report, referenceByPackage(report, references)),
    }),
  }
  const serialNumber = `urn:uuid:${uuidOf(JSON.stringify(body))}`
  return `${JSON.stringify({ ...body, serialNumber }, null, 2)}\n`
}

function componentOf(found: CataloguedPackage, reference: string): Record<string, unknown> {
  const { group, name } = splitName(found)
  return {
    type: 'library',
    'bom-ref': reference,
    ...(found.maintainer !== undefined && { supplier: { name: found.maintainer } }),
    ...(group !== undefined && { group }),
    name,
    version: found.version,
    ...licensesOf(found.licenses),
    purl: found.purl,
    ...withProperties([
      ...property('berth:path', found.path === '' ? undefined : found.path),
      ...property('berth:layer', found.layer),
      ...property('berth:source:name', found.source?.name),
      ...property('berth:source:version', found.source?.version),
      ...property('berth:modularity', found.modularity),
    ]),
  }
}

function splitName({ kind, name }: CataloguedPackage): { group?: string; name: string } {
  const separator = kind === 'maven' ? ':' : '/'
  const at = name.lastIndexOf(separator)
  if (at <= 0 || !['maven', 'npm', 'composer'].includes(kind)) return { name }
  return { group: name.slice(0, at), name: name.slice(at + 1) }
}

/** CycloneDX takes either one expression, or a list of single licences. */
function licensesOf(declared: readonly string[]): { licenses?: readonly unknown[] } {
  const licenses = [...new Set(declared)].flatMap((text) => readLicense(text) ?? [])
  if (licenses.length === 0) return {}
  const [only] = licenses
  if (licenses.length === 1 && only?.form === 'expression') {
    return { licenses: [{ expression: only.expression, acknowledgement: 'declared' }] }
  }
  return {
    licenses: licenses.map((license) => ({
      license: {
        ...(license.form === 'id' ? { id: license.id } : { name: nameOf(license) }),
        acknowledgement: 'declared',
      },
    })),
  }
}

function nameOf(license: Exclude<DeclaredLicense, { form: 'id' }>): string {
  return license.form === 'expression' ? license.expression : license.text
}

function systemOf(distribution: Distribution, reference: string): Record<string, unknown> {
  return {
    type: 'operating-system',
    'bom-ref': reference,
    name: distribution.id,
    ...(distribution.version !== '' && { version: distribution.version }),
    ...withProperties([
      ...property('berth:name', distribution.name),
      ...property('berth:codename', distribution.codename),
      ...distribution.idLike.map((like) => ({ name: 'berth:idLike', value: like })),
      ...property('berth:endOfLife', distribution.endOfLife),
    ]),
  }
}

function artifactProperties(artifact: ScanReport['artifact']): Property[] {
  return [
    ...property('berth:mediaType', artifact.mediaType),
    ...property('berth:platform', artifact.platform),
    ...property('berth:size', artifact.size?.toString()),
    ...property('berth:imageId', artifact.imageId),
    ...(artifact.diffIds ?? []).map((value) => ({ name: 'berth:diffId', value })),
  ]
}

/** Which advisories were known: without it nobody can say what an absence of findings means. */
function dataProperties({ data }: ScanReport): Property[] {
  return [
    { name: 'berth:advisories:revision', value: String(data.revision) },
    { name: 'berth:advisories:builtAt', value: data.builtAt ?? 'never' },
  ]
}

/** The package URL, which tools look for; with the path where one lies in several places. */
function referencesOf(packages: readonly CataloguedPackage[]): string[] {
  const seen = new Map<string, number>()
  const shared = Map.groupBy(packages, ({ purl }) => purl)
  return packages.map(({ purl, path }) => {
    const wanted = (shared.get(purl)?.length ?? 0) > 1 ? `${purl}#${encodeURI(path)}` : purl
    const count = (seen.get(wanted) ?? 0) + 1
    seen.set(wanted, count)
    return count === 1 ? wanted : `${wanted}#${count}`
  })
}

function referenceByPackage(
  { catalogue }: ScanReport,
  references: readonly string[],
): (found: CataloguedPackage) => string {
  const known = new Map(
    catalogue.packages.map(({ purl, path }, index) => [
      `${purl}\0${path}`,
      references[index] ?? '',
    ]),
  )
  return ({ purl, path }) => known.get(`${purl}\0${path}`) ?? purl
}

function property(name: string, value: string | undefined): Property[] {
  return value === undefined ? [] : [{ name, value }]
}

function withProperties(properties: readonly Property[]): { properties?: readonly Property[] } {
  return properties.length === 0 ? {} : { properties }
}
