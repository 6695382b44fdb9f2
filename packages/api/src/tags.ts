import * as z from 'zod'
import { severity } from './findings.ts'
import { containsQuery, orderQuery, pageOf, pageQuery } from './page.ts'
import { manifestKind } from './manifests.ts'
import { repositoryName, repositoryParams } from './repositories.ts'
import { defineRoute } from './route.ts'
import { imageScanState, severityCounts } from './scans.ts'

const tagName = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[a-zA-Z0-9_][a-zA-Z0-9._-]*$/)
  .describe('Name of a tag.')

const tagParams = z.strictObject({ repository: repositoryName, tag: tagName })

const tag = z.strictObject({
  name: tagName,
  digest: z.string().describe('The manifest it points at.'),
  mediaType: z.string().describe('Of that manifest.'),
  size: z.int().describe('Of that manifest itself, in bytes.'),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime().describe('When it was last set.'),
  kind: manifestKind,
  artifactType: z.string().nullable(),
  platforms: z
    .array(z.string())
    .nullable()
    .describe(
      'Such as `linux/arm64/v8`: of an image its own, of an index those it lists, 50 at most. `null`: not known, or it has none.',
    ),
  totalSize: z
    .int()
    .describe('With everything it leads to that is in the repository, each digest once.'),
  lastPulledAt: z.iso
    .datetime()
    .nullable()
    .describe('When the manifest was last pulled, by this tag or not; up to a minute late.'),
  pulls: z.int().describe('How often the manifest was pulled.'),
  scan: z
    .strictObject({
      digest: z.string().describe('The image it is about.'),
      platform: z.string().nullable(),
      state: imageScanState,
      counts: severityCounts.describe('Findings, those that somebody judged away left out.'),
      worst: severity.nullable().describe('`null`: nothing was found, or nothing is known yet.'),
      fixable: z.int().describe('How many of all findings a newer version mends.'),
    })
    .nullable()
    .describe('Of an index: its image for `linux/amd64`, else its first. `null`: it is no image.'),
  signatures: z
    .strictObject({ verified: z.int(), refused: z.int() })
    .describe('Signatures and attestations that were judged, those of the manifest itself.'),
})

export const listTags = defineRoute({
  id: 'listTags',
  method: 'GET',
  path: '/repositories/{repository}/tags',
  topic: 'Tags',
  summary: 'List the tags of a repository',
  params: repositoryParams,
  query: z.strictObject({
    ...pageQuery,
    sort: z
      .enum(['name', 'updatedAt', 'version'])
      .default('name')
      .describe(
        '`version`: semantic versions (`v` or not, pre-releases below their release, `1.9` as the newest of its line), then dates, then `latest`, then the rest by name.',
      ),
    order: orderQuery.describe(
      'Default: `ascending` by name, `descending` else: the newest first.',
    ),
    contains: containsQuery,
    prefix: tagName.optional().describe('What the names begin with.'),
  }),
  body: undefined,
  status: 200,
  answer: pageOf(tag),
  problems: ['notFound'],
  versioned: false,
  open: true,
})

export const readTag = defineRoute({
  id: 'readTag',
  method: 'GET',
  path: '/repositories/{repository}/tags/{tag}',
  topic: 'Tags',
  summary: 'Read a tag',
  params: tagParams,
  query: z.strictObject({}),
  body: undefined,
  status: 200,
  answer: tag,
  problems: ['notFound'],
  versioned: false,
  open: true,
})

export const deleteTag = defineRoute({
  id: 'deleteTag',
  method: 'DELETE',
  path: '/repositories/{repository}/tags/{tag}',
  topic: 'Tags',
  summary: 'Delete a tag',
  description: 'The manifest stays, and so do other tags on it.',
  params: tagParams,
  query: z.strictObject({}),
  body: undefined,
  status: 204,
  answer: undefined,
  problems: ['notFound', 'tagImmutable'],
  versioned: false,
})
