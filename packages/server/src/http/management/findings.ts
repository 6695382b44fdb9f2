import {
  exportReport,
  listFindings,
  listInstanceFindings,
  listTrackedFindings,
  readFindingsOverview,
  readFindingsTrend,
  readInstanceFindingsOverview,
  readInstanceFindingsTrend,
  reportMediaTypes,
} from '@berth/api/findings.ts'
import { parseReference, parseRepositoryName } from '@berth/oci/reference.ts'
import { Readable } from 'node:stream'
import type * as z from 'zod'
import type { JudgedFinding } from '../../scan/image-findings.ts'
import type { TrackedList, TrackedListQuery } from '../../scan/tracked-list.ts'
import { type Binding, bind } from './call.ts'

const pulling = { on: 'repository', action: 'pull' } as const
const reading = { on: 'project', action: 'readProject' } as const
const seeing = { on: 'instance', action: 'readSystem' } as const
const root = ''
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
  bind(listTrackedFindings, reading, async ({ trackedList }, { params, query, caller }) => ({
    body: toPage(await trackedList.list(caller, toQuery(params.project, query))),
  })),
  bind(readFindingsOverview, reading, async ({ findingsOverview }, { params, caller }) => ({
    body: await findingsOverview.overview(caller, params.project),
  })),
  bind(readFindingsTrend, reading, async ({ findingsOverview }, { params, query, caller }) => ({
    body: await findingsOverview.trend(caller, params.project, query.days),
  })),
  bind(listInstanceFindings, seeing, async ({ trackedList }, { query, caller }) => ({
    body: toPage(await trackedList.list(caller, toQuery(root, query))),
  })),
  bind(readInstanceFindingsOverview, seeing, async ({ instanceOverview }) => ({
    body: await instanceOverview.overview(),
  })),
  bind(readInstanceFindingsTrend, seeing, async ({ instanceOverview }, { query }) => ({
    body: await instanceOverview.trend(query.days),
  })),
]

function toQuery(
  project: string,
  query: z.output<(typeof listTrackedFindings)['query']>,
): TrackedListQuery {
  const { sort, after, limit, state, vulnerability, repository, dueBefore } = query
  return {
    project,
    sort,
    after,
    limit,
    filter: {
      state,
      severities: query.severity,
      vulnerability,
      package: query.package,
      repository,
      fixable: isTrue(query.fixable),
      knownExploited: isTrue(query.knownExploited),
      overdue: isTrue(query.overdue),
      dueBefore: dueBefore === undefined ? undefined : new Date(dueBefore).toISOString(),
    },
  }
}

function toPage({ items, next }: Awaited<ReturnType<TrackedList['list']>>) {
  return {
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
      isFixable: row.fix_available_at !== null,
      due: row.due_at,
      isOverdue: row.isOverdue,
    })),
    next,
  }
}

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
