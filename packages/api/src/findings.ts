import * as z from 'zod'
import { manifestParams } from './manifests.ts'
import { pageOf, pageQuery } from './page.ts'
import { projectParams } from './projects.ts'
import { repositoryName } from './repositories.ts'
import { defineRoute } from './route.ts'
import { advisoryAge, packageKind, platformQuery, severityCounts } from './scans.ts'

const topic = 'Findings'
const nothing = z.strictObject({})
const time = z.iso.datetime()

export const severity = z.enum(['critical', 'high', 'medium', 'low', 'negligible', 'unknown'])

export const vexStatus = z.enum(['not_affected', 'affected', 'fixed', 'under_investigation'])

export const vexJudgement = z.strictObject({
  status: vexStatus,
  justification: z.string().nullable(),
  statement: z.string().nullable(),
  author: z.string(),
  at: time,
  source: z.string().describe('`berth`, `openvex`, `cyclonedx` or `attestation`.'),
})

const fixState = z.enum(['fixed', 'notFixed', 'wontFix', 'unknown'])

const finding = z
  .strictObject({
    vulnerability: z.string().describe('The CVE where there is one, else the id of the advisory.'),
    aliases: z.array(z.string()),
    severity,
    score: z.number().describe('The one that counts, 0 to 10; 0 when there is none.'),
    scores: z.array(
      z.strictObject({
        source: z.string(),
        version: z.string().nullable(),
        vector: z.string().nullable(),
        score: z.number(),
        isEstimated: z.boolean().describe('The least of the band of a word.'),
      }),
    ),
    advisories: z.array(z.strictObject({ id: z.string(), source: z.string() })),
    fixState,
    fixedVersion: z.string().nullable(),
    fixAvailableAt: z.string().nullable(),
    published: z.string().nullable(),
    title: z.string().nullable(),
    description: z.string().nullable(),
    references: z.array(z.string()),
    cwes: z.array(z.string()),
    knownExploited: z.string().nullable().describe('ISO day on which the KEV list named it.'),
    epss: z.number().nullable().describe('Probability of exploitation within 30 days, 0 to 1.'),
    isUndetermined: z.boolean().describe('The version could not be compared: affected or not.'),
    isMalware: z.boolean(),
    package: z.strictObject({
      kind: packageKind,
      name: z.string(),
      version: z.string(),
      purl: z.string(),
      source: z.string().nullable().describe('Name of the source package.'),
      paths: z.array(z.string()).describe('Where it is, ten at most.'),
      layer: z.string().nullable().describe('diffID of the layer that brought it.'),
    }),
    firstSeenAt: time.nullable().describe('In this repository.'),
    suppressed: vexJudgement.nullable().describe('Who judged it away; `null`: it counts.'),
  })
  .meta({ id: 'Finding' })

const tracked = z
  .strictObject({
    repository: z.string(),
    package: z.string().describe('`kind:name`, such as `deb:openssl`.'),
    vulnerability: z.string(),
    severity,
    score: z.number(),
    firstSeenAt: time,
    fixAvailableAt: z.string().nullable(),
    knownExploited: z.string().nullable(),
    lastSeenAt: time,
    closedAt: time.nullable(),
    isFixable: z.boolean().describe('There is a version that mends it.'),
    due: time
      .nullable()
      .describe(
        'By when it has to be mended: the earliest of all `sla` rules that hold for the repository, under whichever tag and platform. `null`: no rule sets a time. It follows a change of a policy within a minute.',
      ),
    isOverdue: z.boolean().describe('It is open, and `due` has passed.'),
  })
  .meta({ id: 'TrackedFinding' })

const filters = {
  severity: z.array(severity).max(6).optional().describe('Only these; may be repeated.'),
  vulnerability: z.string().min(1).max(100).optional(),
}

const booleanText = z.enum(['true', 'false'])

const trackedQuery = z.strictObject({
  ...pageQuery,
  ...filters,
  state: z.enum(['open', 'closed', 'all']).default('open'),
  sort: z
    .enum(['score', 'due'])
    .default('score')
    .describe('`score`: the worst first. `due`: what is due first; only what has a due date.'),
  overdue: booleanText.optional().describe('Only those that are overdue, or only the others.'),
  dueBefore: z.iso
    .datetime({ offset: true })
    .optional()
    .describe('Only those that are due before this moment.'),
  fixable: booleanText.optional().describe('Only those with a version that mends them, or not.'),
  knownExploited: booleanText
    .optional()
    .describe('Only those that are known to be exploited, or only the others.'),
  package: z
    .string()
    .min(1)
    .max(300)
    .optional()
    .describe('Name of a package, such as `deb:openssl`, or `openssl` of any kind.'),
  repository: repositoryName.optional().describe('Only of this repository.'),
})

export const listFindings = defineRoute({
  id: 'listFindings',
  method: 'GET',
  path: '/repositories/{repository}/manifests/{reference}/findings',
  topic,
  summary: 'List the vulnerabilities of an image, the worst first',
  params: manifestParams,
  query: z.strictObject({
    ...pageQuery,
    ...filters,
    platform: platformQuery,
    fixable: booleanText.optional().describe('Only those with a version that mends them, or not.'),
    package: z.string().min(1).max(255).optional().describe('Name of a package.'),
    suppressed: booleanText
      .optional()
      .describe('Only those that somebody judged away, or only the others. Without it: all.'),
  }),
  body: undefined,
  status: 200,
  answer: pageOf(finding),
  problems: ['notFound', 'conflict'],
  versioned: false,
  open: true,
})

export const reportFormat = z.enum(['trivy', 'sarif', 'cyclonedx', 'spdx', 'csv', 'harbor'])

export const reportMediaTypes = {
  trivy: 'application/json',
  sarif: 'application/sarif+json',
  cyclonedx: 'application/vnd.cyclonedx+json',
  spdx: 'application/spdx+json',
  csv: 'text/csv',
  harbor: 'application/vnd.security.vulnerability.report; version=1.1',
} as const

export const exportReport = defineRoute({
  id: 'exportReport',
  method: 'GET',
  path: '/repositories/{repository}/manifests/{reference}/report',
  topic,
  summary: 'Download the whole report of an image in a format of other tools',
  params: manifestParams,
  query: z.strictObject({ format: reportFormat, platform: platformQuery }),
  body: undefined,
  status: 200,
  answer: undefined,
  streams: [...new Set(Object.values(reportMediaTypes))],
  problems: ['notFound', 'conflict'],
  versioned: false,
  open: true,
})

export const listTrackedFindings = defineRoute({
  id: 'listTrackedFindings',
  method: 'GET',
  path: '/projects/{project}/findings',
  topic,
  summary: 'List the findings of a project and all below it with their clocks, the worst first',
  description:
    'One for each repository, package and vulnerability. Only of repositories that the caller may pull: a page can be shorter than `limit` though another follows.',
  params: projectParams,
  query: trackedQuery,
  body: undefined,
  status: 200,
  answer: pageOf(tracked),
  problems: ['notFound'],
  versioned: false,
  open: true,
})

export const readFindingsOverview = defineRoute({
  id: 'readFindingsOverview',
  method: 'GET',
  path: '/projects/{project}/findings/overview',
  topic,
  summary: 'Read how a project and all below it stand: the worst images, and what mends most',
  description: 'Of tagged images that the caller may pull.',
  params: projectParams,
  query: nothing,
  body: undefined,
  status: 200,
  answer: z.strictObject({
    images: z.int().describe('Tagged images, each platform counts.'),
    scanned: z.int(),
    waiting: z.int(),
    failed: z.int(),
    endOfLife: z.int().describe('On a distribution that nobody mends any more.'),
    counts: severityCounts.describe(
      'Open findings, one for each repository and package; those judged away are among them.',
    ),
    due: z
      .strictObject({
        overdue: z.int().describe('10,000 at most.'),
        soon: z.int().describe('Due within seven days; 10,000 at most.'),
      })
      .describe('Of the open findings.'),
    worst: z
      .array(
        z.strictObject({
          repository: z.string(),
          digest: z.string(),
          platform: z.string().nullable(),
          tags: z.array(z.string()),
          counts: severityCounts,
          worstScore: z.number(),
        }),
      )
      .describe('Twenty at most, the worst first; what was judged away counts here too.'),
    upgrades: z
      .array(
        z.strictObject({
          package: z.string().describe('`kind:name`.'),
          version: z.string().describe('The least that mends all of these.'),
          findings: z.int().describe('What it would close, over all images.'),
          images: z.int(),
          worstScore: z.number(),
        }),
      )
      .describe('Twenty at most, what mends most first.'),
    isTruncated: z.boolean().describe('There is more than one answer looks at.'),
    ...advisoryAge,
  }),
  problems: ['notFound'],
  versioned: false,
  open: true,
})

export const readFindingsTrend = defineRoute({
  id: 'readFindingsTrend',
  method: 'GET',
  path: '/projects/{project}/findings/trend',
  topic,
  summary: 'Read how many findings a project and all below it had, day by day',
  description: 'Of repositories that the caller may pull; those judged away are among them.',
  params: projectParams,
  query: z.strictObject({
    days: z.coerce.number().int().min(1).max(400).default(90).describe('How far back.'),
  }),
  body: undefined,
  status: 200,
  answer: z.strictObject({
    days: z.array(
      z.strictObject({
        day: z.string(),
        counts: severityCounts,
        opened: z.int(),
        closed: z.int(),
      }),
    ),
    isTruncated: z.boolean().describe('There are more repositories than one answer looks at.'),
  }),
  problems: ['notFound'],
  versioned: false,
})

export const listInstanceFindings = defineRoute({
  ...listTrackedFindings,
  id: 'listInstanceFindings',
  path: '/system/findings',
  summary: 'List the findings of the whole instance with their clocks, the worst first',
  description: 'One for each repository, package and vulnerability.',
  params: nothing,
  problems: [],
  open: false,
})

export const readInstanceFindingsOverview = defineRoute({
  ...readFindingsOverview,
  id: 'readInstanceFindingsOverview',
  path: '/system/findings/overview',
  summary: 'Read how the whole instance stands: the worst images, and what mends most',
  description:
    'Of all images that a repository holds; `worst` and `upgrades` are of those that have a tag.',
  params: nothing,
  problems: [],
  open: false,
})

export const readInstanceFindingsTrend = defineRoute({
  ...readFindingsTrend,
  id: 'readInstanceFindingsTrend',
  path: '/system/findings/trend',
  summary: 'Read how many findings the whole instance had, day by day',
  description: 'Noted once a day; those judged away are among them.',
  params: nothing,
  problems: [],
})
