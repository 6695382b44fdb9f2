import {
  exportReport,
  listFindings,
  listTrackedFindings,
  readFindingsOverview,
  readFindingsTrend,
  reportMediaTypes,
} from '@berth/api/findings.ts'
import { parseReference, parseRepositoryName } from '@berth/oci/reference.ts'
import { Readable } from 'node:stream'
import type { JudgedFinding } from '../../scan/image-findings.ts'
import { type Binding, bind } from './call.ts'

const pulling = { on: 'repository', action: 'pull' } as const
const reading = { on: 'project', action: 'readProject' } as const
const pathsMax = 10
const reportEndings = {
  trivy: 'trivy.json',
  sarif: 'sarif',
  cyclonedx: 'cdx.json',
  spdx: 'spdx.json',
  csv: 'csv',
  harbor: 'harbor.json',
} as const

/** Vulnerabilities of images and projects. */
export const findingRoutes: readonly Binding[] = [
  bind(listFindings, pulling, async ({ scannedImages, imageFindings }, { params, query }) => {
    const repository = parseRepositoryName(params.repository)
    const image = await scannedImages.findCatalogued(
      repository,
      parseReference(params.reference),
      query.platform,
    )
    const { severity, vulnerability, fixable, package: name, suppressed, after, limit } = query
    const { items, next } = await imageFindings.list(repository, image, {
      filter: { severities: severity, vulnerability, package: name, fixable: isTrue(fixable) },
      suppressed: isTrue(suppressed),
      after,
      limit,
    })
    return { body: { items: items.map(toBody), next } }
  }),
  bind(exportReport, pulling, async ({ reports }, { params, query }) => {
    const { format, platform } = query
    const text = await reports.write(
      parseRepositoryName(params.repository),
      parseReference(params.reference),
      { format, platform },
    )
    const fileName = `${params.repository}-${params.reference}.${reportEndings[format]}`
    const mediaType = reportMediaTypes[format]
    return { body: undefined, stream: { mediaType, content: Readable.from([text]), fileName } }
  }),
  bind(listTrackedFindings, reading, async ({ findingsOverview }, { params, query, caller }) => {
    const { severity: severities, vulnerability, state, after, limit } = query
    const { items, next } = await findingsOverview.tracked(caller, {
      project: params.project,
      severities,
      vulnerability,
      state,
      after,
      limit,
    })
    return {
      body: {
        items: items.map((row) => ({
          repository: row.repository,
          package: row.package_name,
          vulnerability: row.vulnerability,
          severity: row.severity,
          score: row.score / 10,
          firstSeenAt: row.first_seen_at,
          fixAvailableAt: row.fix_available_at,
          knownExploited: row.known_exploited,
          lastSeenAt: row.last_seen_at,
          closedAt: row.closed_at,
        })),
        next,
      },
    }
  }),
  bind(readFindingsOverview, reading, async ({ findingsOverview }, { params, caller }) => ({
    body: await findingsOverview.overview(caller, params.project),
  })),
  bind(readFindingsTrend, reading, async ({ findingsOverview }, { params, query, caller }) => ({
    body: await findingsOverview.trend(caller, params.project, query.days),
  })),
]

function isTrue(text: 'true' | 'false' | undefined): boolean | undefined {
  return text === undefined ? undefined : text === 'true'
}

function toBody({ finding, packages, firstSeenAt, suppressed }: JudgedFinding) {
  const [first] = packages
  if (first === undefined) throw new Error(`${finding.vulnerability} is of no package.`)
  return {
    vulnerability: finding.vulnerability,
    aliases: [...finding.aliases],
    severity: finding.severity,
    score: finding.score,
    scores: finding.scores.map(({ source, version = null, vector = null, score, isEstimated }) => ({
      source,
      version,
      vector,
      score,
      isEstimated: isEstimated === true,
    })),
    advisories: finding.advisories.map(({ id, source }) => ({ id, source })),
    fixState: finding.fixState,
    fixedVersion: finding.fixedVersion ?? null,
    fixAvailableAt: finding.fixAvailableAt ?? null,
    published: finding.published ?? null,
    title: finding.title ?? null,
    description: finding.description ?? null,
    references: [...finding.references],
    cwes: [...finding.cwes],
    knownExploited: finding.knownExploited ?? null,
    epss: finding.epss ?? null,
    isUndetermined: finding.isUndetermined === true,
    isMalware: finding.isMalware === true,
    package: {
      kind: first.kind,
      name: first.name,
      version: first.version,
      purl: first.purl,
      source: first.source?.name ?? null,
      paths: packages.slice(0, pathsMax).map(({ path }) => path),
      layer: first.layer ?? null,
    },
    firstSeenAt,
    suppressed:
      suppressed === undefined
        ? null
        : {
            status: suppressed.status,
            justification: suppressed.justification ?? null,
            statement: suppressed.statement ?? null,
            author: suppressed.author,
            at: suppressed.at,
            source: suppressed.source,
          },
  }
}
