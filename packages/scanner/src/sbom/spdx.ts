import { z } from 'zod'
import { Unreadable } from '../detector.ts'
import type { NotCovered } from '../package.ts'
import type { SbomDistribution, SbomEntries, SbomEntry } from './entry.ts'
import { purlPackage } from './purl-package.ts'

const spdxPackage = z.object({
  SPDXID: z.string().optional(),
  name: z.string(),
  versionInfo: z.string().optional(),
  primaryPackagePurpose: z.string().optional(),
  supplier: z.string().optional(),
  sourceInfo: z.string().optional(),
  comment: z.string().optional(),
  licenseDeclared: z.string().optional(),
  licenseConcluded: z.string().optional(),
  externalRefs: z
    .array(z.object({ referenceType: z.string(), referenceLocator: z.string() }))
    .optional(),
})
const spdx = z.object({
  spdxVersion: z.string(),
  comment: z.string().optional(),
  packages: z.array(z.unknown()).optional(),
  documentDescribes: z.array(z.string()).optional(),
  relationships: z
    .array(
      z.object({
        spdxElementId: z.string(),
        relationshipType: z.string(),
        relatedSpdxElement: z.string(),
      }),
    )
    .optional(),
  hasExtractedLicensingInfos: z
    .array(
      z.object({
        licenseId: z.string(),
        extractedText: z.string().optional(),
        name: z.string().optional(),
      }),
    )
    .optional(),
})

type SpdxPackage = z.infer<typeof spdxPackage>

/** Whether a document calls itself SPDX, of whichever version. */
export function isSpdx(document: unknown): boolean {
  return (
    typeof document === 'object' &&
    document !== null &&
    ('spdxVersion' in document ||
      ('@context' in document && String(document['@context']).includes('spdx.org')))
  )
}

/**
 * The entries of an SPDX document (JSON, 2.2 and 2.3; https://spdx.github.io/spdx-spec/v2.3/). Throws `Unreadable` for
 * another form or version, with its place, and beyond `maximumEntries`.
 */
export function readSpdx(document: unknown, maximumEntries: number): SbomEntries {
  const version = z
    .object({ spdxVersion: z.string() })
    .catch({ spdxVersion: 'SPDX-3' })
    .parse(document).spdxVersion
  if (version !== 'SPDX-2.2' && version !== 'SPDX-2.3') {
    throw new Unreadable(`${version.slice(0, 20)} is not read, only SPDX-2.2 and SPDX-2.3`)
  }
  const parsed = checked(spdx, document, 'the document')
  const items = parsed.packages ?? []
  if (items.length > maximumEntries) {
    throw new Unreadable(`the document has more than ${maximumEntries} packages`)
  }
  const packages = items.map((item, index) => checked(spdxPackage, item, `packages[${index}]`))
  const described = describedBy(parsed)
  const texts = new Map(
    (parsed.hasExtractedLicensingInfos ?? []).map((info) => [
      info.licenseId,
      shortText(info.extractedText) ?? shortText(info.name) ?? info.licenseId,
    ]),
  )
  const system = packages.find(isOperatingSystem)
  const distribution = system === undefined ? undefined : distributionOf(system)
  return {
    entries: packages
      .filter((found) => !isOther(found, described))
      .map((found) => entryOf(found, texts)),
    ...(distribution !== undefined && { distribution }),
    notCovered: notCoveredOf(parsed.comment),
  }
}

function checked<T>(schema: z.ZodType<T>, value: unknown, place: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new Unreadable(
    `it is not SPDX: ${[place, ...(issue?.path ?? [])].join('.')}: ${issue?.message ?? ''}`,
  )
}

/** SPDX ids of what the document is about. */
function describedBy(parsed: z.infer<typeof spdx>): ReadonlySet<string> {
  const ids = new Set(parsed.documentDescribes)
  for (const { spdxElementId, relationshipType, relatedSpdxElement } of parsed.relationships ??
    []) {
    if (relationshipType === 'DESCRIBES' && spdxElementId === 'SPDXRef-DOCUMENT')
      ids.add(relatedSpdxElement)
    if (relationshipType === 'DESCRIBED_BY' && relatedSpdxElement === 'SPDXRef-DOCUMENT')
      ids.add(spdxElementId)
  }
  return ids
}

/** The image itself, its layers, files, the operating system: no packages. What is described may be one. */
function isOther(found: SpdxPackage, described: ReadonlySet<string>): boolean {
  if (isOperatingSystem(found)) return true
  const purl = purlOf(found)
  if (purl !== undefined && purlPackage(purl) !== undefined) return false
  return (
    described.has(found.SPDXID ?? '') ||
    purl?.startsWith('pkg:oci/') === true ||
    ['CONTAINER', 'FILE', 'DEVICE', 'ARCHIVE'].includes(found.primaryPackagePurpose ?? '')
  )
}

function isOperatingSystem(found: SpdxPackage): boolean {
  return found.primaryPackagePurpose?.replace('_', '-') === 'OPERATING-SYSTEM'
}

function purlOf(found: SpdxPackage): string | undefined {
  const purls = (found.externalRefs ?? [])
    .filter(({ referenceType }) => referenceType === 'purl')
    .map(({ referenceLocator }) => referenceLocator)
  return purls.find((purl) => purlPackage(purl) !== undefined) ?? purls[0]
}

function entryOf(found: SpdxPackage, texts: ReadonlyMap<string, string>): SbomEntry {
  const purl = purlOf(found)
  const path =
    lineOf(found.comment, 'path') ??
    /following paths: \/?([^,]+)/.exec(found.sourceInfo ?? '')?.[1] ??
    /^acquired package info from [^:]*: \/?([^,]+)/.exec(found.sourceInfo ?? '')?.[1]
  const layer = lineOf(found.comment, 'layer')
  const modularity = lineOf(found.comment, 'modularity')
  const built = /^built package from: (\S+) (\S+)$/.exec(found.sourceInfo ?? '')
  const maintainer = /^(?:Organization|Person): (.+)$/.exec(found.supplier ?? '')?.[1]
  return {
    name: found.name,
    version: found.versionInfo ?? '',
    ...(purl !== undefined && { purl }),
    licenses: licensesOf(found, texts),
    ...(path !== undefined && { path: path.trim() }),
    ...(layer !== undefined && { layer }),
    ...(built !== null && { source: { name: built[1] ?? '', version: built[2] ?? '' } }),
    ...(maintainer !== undefined && { maintainer }),
    ...(modularity !== undefined && { modularity }),
  }
}

/** As the maker said it: a `LicenseRef-` stands for a text of the document. */
function licensesOf(found: SpdxPackage, texts: ReadonlyMap<string, string>): string[] {
  const said = [found.licenseDeclared, found.licenseConcluded].find(
    (value) => value !== undefined && !['', 'NONE', 'NOASSERTION'].includes(value),
  )
  return said === undefined ? [] : [texts.get(said) ?? said]
}

function shortText(text: string | undefined): string | undefined {
  return text === undefined || text === '' || text.length > 200 ? undefined : text
}

function distributionOf(system: SpdxPackage): SbomDistribution {
  const codename = lineOf(system.comment, 'codename')
  const name = lineOf(system.comment, 'name')
  return {
    id: system.name.toLowerCase(),
    version: system.versionInfo ?? '',
    ...(name !== undefined && { name }),
    ...(codename !== undefined && { codename }),
    idLike: (lineOf(system.comment, 'idLike') ?? '').split(' ').filter((like) => like !== ''),
  }
}

/** What Berth wrote of what it could not look into, a line each: `not covered: path: reason`. */
function notCoveredOf(comment: string | undefined): NotCovered[] {
  return (comment ?? '').split('\n').flatMap((line) => {
    const found = /^not covered: (.*?): (.+)$/.exec(line)
    return found === null ? [] : [{ path: found[1] ?? '', reason: found[2] ?? '' }]
  })
}

/** Berth's own facts lie in comments, a line each: `path: var/lib/dpkg/status`. */
function lineOf(comment: string | undefined, name: string): string | undefined {
  return (comment ?? '')
    .split('\n')
    .find((line) => line.startsWith(`${name}: `))
    ?.slice(name.length + 2)
}
