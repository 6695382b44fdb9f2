import * as z from 'zod'
import { digest, manifestParams } from './manifests.ts'
import { pageOf, pageQuery } from './page.ts'
import { defineRoute } from './route.ts'
import { packageKind, platformQuery } from './scans.ts'

const topic = 'Bills of materials'

const sbomFormat = z.enum(['spdx', 'cyclonedx']).describe('SPDX 2.3 or CycloneDX 1.6, JSON.')

export const sbomMediaTypes = {
  spdx: 'application/spdx+json',
  cyclonedx: 'application/vnd.cyclonedx+json',
} as const

const attached = z.strictObject({
  manifest: z.string().describe('The manifest that carries it.'),
  blob: z.string().describe('The document itself.'),
  format: z.enum(['spdx', 'cyclonedx']),
  how: z
    .enum(['referrer', 'tag', 'attestation'])
    .describe('`tag`: `sha256-<hex>.sbom` of cosign. `attestation`: in an in-toto statement.'),
  size: z.int(),
})

export const exportSbom = defineRoute({
  id: 'exportSbom',
  method: 'GET',
  path: '/repositories/{repository}/manifests/{reference}/sbom',
  topic,
  summary: 'Download what Berth found in an image as a bill of materials',
  params: manifestParams,
  query: z.strictObject({ format: sbomFormat.default('spdx'), platform: platformQuery }),
  body: undefined,
  status: 200,
  answer: undefined,
  streams: Object.values(sbomMediaTypes),
  problems: ['notFound', 'conflict'],
  versioned: false,
  open: true,
})

export const publishSbom = defineRoute({
  id: 'publishSbom',
  method: 'POST',
  path: '/repositories/{repository}/manifests/{reference}/sbom',
  topic,
  summary: 'Attach what Berth found in an image to it, as a referrer',
  description: 'For those who may push there: it is stored and counted as their push.',
  params: manifestParams,
  query: z.strictObject({ platform: platformQuery }),
  body: z.strictObject({ format: sbomFormat.default('spdx') }),
  status: 201,
  answer: z.strictObject({
    digest: z.string().describe('Of the new referrer.'),
    subject: z.string(),
    artifactType: z.string(),
  }),
  problems: ['notFound', 'conflict', 'quotaExceeded'],
  versioned: false,
})

export const listAttachedSboms = defineRoute({
  id: 'listAttachedSboms',
  method: 'GET',
  path: '/repositories/{repository}/manifests/{reference}/sboms',
  topic,
  summary: 'List the bills of materials that were attached to an image',
  description: 'Referrers, tags of cosign, and what buildx adds to an index. 100 at most.',
  params: manifestParams,
  query: z.strictObject({}),
  body: undefined,
  status: 200,
  answer: z.strictObject({ items: z.array(attached) }),
  problems: ['notFound'],
  versioned: false,
  open: true,
})

export const listSbomPackages = defineRoute({
  id: 'listSbomPackages',
  method: 'GET',
  path: '/repositories/{repository}/sboms/{digest}/packages',
  topic,
  summary: 'List the packages of an attached bill of materials',
  description: '`digest` is the `blob` of the list of attached ones.',
  params: z.strictObject({ repository: manifestParams.shape.repository, digest }),
  query: z.strictObject(pageQuery),
  body: undefined,
  status: 200,
  answer: pageOf(
    z.strictObject({
      kind: packageKind,
      name: z.string(),
      version: z.string(),
      purl: z.string(),
      licenses: z.array(z.string()),
    }),
  ),
  problems: ['notFound', 'conflict'],
  versioned: false,
  open: true,
})
