import * as z from 'zod'
import { manifestParams } from './manifests.ts'
import { pageOf, pageQuery } from './page.ts'
import { defineRoute } from './route.ts'

const topic = 'Scans'
const nothing = z.strictObject({})

export const packageKind = z
  .enum([
    'deb',
    'apk',
    'rpm',
    'npm',
    'pypi',
    'golang',
    'cargo',
    'maven',
    'gem',
    'composer',
    'nuget',
  ])
  .describe('What the package was made for.')

export const platformQuery = z
  .string()
  .max(100)
  .regex(/^[a-z0-9]+\/[a-z0-9._-]+(?:\/[a-z0-9._-]+)?$/)
  .optional()
  .describe(
    'For an index: which of its images, such as `linux/arm64/v8`. Without it `linux/amd64`, else the first.',
  )

export const severityCounts = z.strictObject({
  critical: z.int(),
  high: z.int(),
  medium: z.int(),
  low: z.int(),
  negligible: z.int(),
  unknown: z.int(),
})

export const advisoryAge = {
  dataRevision: z
    .int()
    .describe('Counts up with every import of advisories; 0: none were there to compare with.'),
  dataBuiltAt: z.iso.datetime().nullable().describe('The newest advisory that was compared with.'),
}

export const imageScanState = z
  .enum(['none', 'waiting', 'running', 'catalogued', 'failed', 'unsupported'])
  .describe(
    '`none`: nobody asked for it yet. `catalogued`: what is inside is known. `unsupported`: no image of files.',
  )

const imageScan = z
  .strictObject({
    digest: z.string(),
    platform: z.string().nullable(),
    state: imageScanState,
    reason: z.string().nullable().describe('Why it failed or is not supported.'),
    progress: z
      .strictObject({
        layer: z.int().describe('Which layer is being read, from 1 on.'),
        layers: z.int(),
        bytes: z.int().describe('Compressed bytes of layers that were read.'),
        totalBytes: z.int(),
      })
      .nullable()
      .describe('How far a running scan has come.'),
    distribution: z
      .strictObject({
        id: z.string(),
        release: z.string(),
        name: z.string(),
        endOfLife: z.string().nullable().describe('ISO day after which nobody mends it.'),
        isEndOfLife: z.boolean(),
      })
      .nullable(),
    packages: z.int(),
    notCovered: z
      .array(z.strictObject({ path: z.string(), reason: z.string() }))
      .describe('Of what Berth cannot say what is inside, 100 at most. It is never clean.'),
    notCoveredCount: z.int(),
    counts: severityCounts.describe('Findings, those that somebody judged away left out.'),
    worstScore: z.number().describe('0 to 10, of the findings that `counts` counts.'),
    cataloguedAt: z.iso.datetime().nullable(),
    matchedAt: z.iso.datetime().nullable(),
    ...advisoryAge,
  })
  .meta({ id: 'ImageScan' })

const scan = z.strictObject({
  digest: z.string(),
  mediaType: z.string(),
  scans: z.array(imageScan).describe('One for an image, one for each image of an index.'),
})

const packagePlace = z.strictObject({
  kind: packageKind,
  name: z.string(),
  version: z.string(),
  purl: z.string(),
  source: z.strictObject({ name: z.string(), version: z.string() }).nullable(),
  architecture: z.string().nullable(),
  licenses: z.array(z.string()),
  isThirdParty: z.boolean().describe('Of the kind that the distribution uses, but not made by it.'),
  path: z.string().describe('The file that says so.'),
  layer: z.string().nullable().describe('diffID of the layer that brought it.'),
})

export const readScan = defineRoute({
  id: 'readScan',
  method: 'GET',
  path: '/repositories/{repository}/manifests/{reference}/scan',
  topic,
  summary: 'Read what scanning knows of an image',
  params: manifestParams,
  query: nothing,
  body: undefined,
  status: 200,
  answer: scan,
  problems: ['notFound'],
  versioned: false,
  open: true,
})

export const requestScan = defineRoute({
  id: 'requestScan',
  method: 'POST',
  path: '/repositories/{repository}/manifests/{reference}/scan',
  topic,
  summary: 'Scan an image now',
  description:
    'Layers whose content is known are not read again. For those who may push there. An index: all of its images.',
  params: manifestParams,
  query: nothing,
  body: undefined,
  status: 202,
  answer: scan,
  problems: ['notFound', 'conflict'],
  versioned: false,
})

export const cancelScan = defineRoute({
  id: 'cancelScan',
  method: 'POST',
  path: '/repositories/{repository}/manifests/{reference}/scan/cancel',
  topic,
  summary: 'Stop the scan of an image',
  description: 'What was known before stays. For those who may push there.',
  params: manifestParams,
  query: nothing,
  body: undefined,
  status: 200,
  answer: scan,
  problems: ['notFound'],
  versioned: false,
})

export const listImagePackages = defineRoute({
  id: 'listImagePackages',
  method: 'GET',
  path: '/repositories/{repository}/manifests/{reference}/packages',
  topic,
  summary: 'List the packages in an image',
  params: manifestParams,
  query: z.strictObject({
    ...pageQuery,
    platform: platformQuery,
    kind: packageKind.optional(),
    name: z.string().min(1).max(255).optional().describe('A part of the name.'),
  }),
  body: undefined,
  status: 200,
  answer: pageOf(packagePlace),
  problems: ['notFound', 'conflict'],
  versioned: false,
  open: true,
})

export const readImageDiff = defineRoute({
  id: 'readImageDiff',
  method: 'GET',
  path: '/repositories/{repository}/manifests/{reference}/diff',
  topic,
  summary: 'Compare the packages of two images of a repository',
  params: manifestParams,
  query: z.strictObject({
    to: manifestParams.shape.reference.describe('The tag or digest of the later image.'),
    platform: platformQuery,
  }),
  body: undefined,
  status: 200,
  answer: z.strictObject({
    from: z.string(),
    to: z.string(),
    added: z.array(z.strictObject({ kind: packageKind, name: z.string(), version: z.string() })),
    removed: z.array(z.strictObject({ kind: packageKind, name: z.string(), version: z.string() })),
    changed: z.array(
      z.strictObject({
        kind: packageKind,
        name: z.string(),
        before: z.array(z.string()),
        after: z.array(z.string()),
      }),
    ),
    isTruncated: z.boolean().describe('A list was cut at 5,000.'),
  }),
  problems: ['notFound', 'conflict'],
  versioned: false,
  open: true,
})

export const searchPackages = defineRoute({
  id: 'searchPackages',
  method: 'GET',
  path: '/packages',
  topic,
  summary: 'Find the images that contain a package',
  description:
    'Such as `name=log4j-core` with `version=<2.17`: for maven the artifact alone is enough, for distributions the source too. Only images that the caller may pull. A page can be shorter than `limit` though another follows: go by `next`.',
  params: nothing,
  query: z.strictObject({
    ...pageQuery,
    name: z.string().min(1).max(255).describe('The whole name.'),
    kind: packageKind.optional(),
    version: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe(
        'Ranges joined with commas: `<2.17`, `>=1.0,<1.5`, `=3.1`; in the order that the kind of package has.',
      ),
  }),
  body: undefined,
  status: 200,
  answer: pageOf(
    z.strictObject({
      kind: packageKind,
      name: z.string(),
      version: z.string(),
      isUndetermined: z.boolean().describe('The versions could not be compared.'),
      repository: z.string(),
      digest: z.string(),
      platform: z.string().nullable(),
      tags: z.array(z.string()).describe('Tags on it or on an index of it, ten at most.'),
    }),
  ),
  problems: [],
  versioned: false,
  open: true,
})
