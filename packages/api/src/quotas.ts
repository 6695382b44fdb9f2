import * as z from 'zod'
import { pageOf, pageQuery } from './page.ts'
import { projectName, projectParams } from './projects.ts'
import { repositoryName, repositoryParams } from './repositories.ts'
import { defineRoute } from './route.ts'

const amount = z.int().min(0).max(Number.MAX_SAFE_INTEGER)
const limit = amount.nullable().describe('`null`: only the quotas of the projects above hold.')
const nothing = z.strictObject({})
const topic = 'Quotas'

const quota = z.strictObject({
  bytes: limit,
  repositories: limit,
})

const stored = {
  uniqueBytes: amount.describe('Bytes of blobs that nobody else holds; each counts once.'),
  sharedBytes: amount.describe('Bytes of blobs that others hold too: deleting here frees none.'),
  complete: z
    .boolean()
    .describe('`false`: there is more than one answer looks at, and these sums are of a part.'),
}

const limits = z
  .array(
    z.strictObject({
      project: z.string().max(200).describe('An empty text is the instance.'),
      bytes: amount.nullable(),
      repositories: amount.nullable(),
    }),
  )
  .describe('The quotas that hold here, the nearest project first. All of them hold at once.')

const projectUsage = z.strictObject({
  bytes: amount.describe('As quotas count: a blob once for each repository, and manifests.'),
  repositories: amount,
  stored: z
    .strictObject(stored)
    .nullable()
    .describe('Only for administrators of the project, since it tells what others hold too.'),
  limits,
})

const reclaimable = z.strictObject({
  bytes: amount.describe('Bytes of blobs that leave the store with the next collections.'),
  blobs: amount,
  manifests: amount.describe('The manifest itself, and those that nothing else keeps.'),
  manifestBytes: amount,
  complete: stored.complete,
})

export const setQuota = defineRoute({
  id: 'setQuota',
  method: 'PUT',
  path: '/projects/{project}/quota',
  topic,
  summary: 'Limit what a project and all below it may hold',
  description:
    'A quota below what is there already is allowed and only stops growth. That of the instance is set with its defaults.',
  params: projectParams,
  query: nothing,
  body: quota,
  status: 200,
  answer: quota,
  problems: ['notFound', 'versionMismatch'],
  versioned: true,
})

export const readProjectUsage = defineRoute({
  id: 'readProjectUsage',
  method: 'GET',
  path: '/projects/{project}/usage',
  topic,
  summary: 'Read what a project and all below it hold, and the quotas that apply',
  params: projectParams,
  query: nothing,
  body: undefined,
  status: 200,
  answer: projectUsage,
  problems: ['notFound'],
  versioned: false,
})

export const readInstanceUsage = defineRoute({
  id: 'readInstanceUsage',
  method: 'GET',
  path: '/system/usage',
  topic,
  summary: 'Read what the whole instance holds',
  params: nothing,
  query: nothing,
  body: undefined,
  status: 200,
  answer: projectUsage,
  problems: [],
  versioned: false,
})

export const listProjectUsage = defineRoute({
  id: 'listProjectUsage',
  method: 'GET',
  path: '/system/usage/projects',
  topic,
  summary: 'List projects with what each and all below it hold, the largest first',
  params: nothing,
  query: z.strictObject({
    ...pageQuery,
    sort: z
      .enum(['size', 'name'])
      .default('size')
      .describe('`size`: the largest first; the order is a few seconds late.'),
    parent: projectName
      .or(z.literal(''))
      .optional()
      .describe('Only projects right below this one; an empty text is the instance.'),
  }),
  body: undefined,
  status: 200,
  answer: pageOf(
    z.strictObject({
      project: projectName,
      bytes: amount.describe('As quotas count: a blob once for each repository, and manifests.'),
      repositories: amount,
      quota: z.strictObject({
        bytes: amount.nullable().describe('The limit that the project sets itself.'),
        repositories: amount.nullable(),
      }),
      share: z
        .number()
        .min(0)
        .nullable()
        .describe('Of the quota in bytes that is used: 0.5 is half. `null` without a quota.'),
      stored: z
        .strictObject({
          uniqueBytes: amount.describe('Bytes of blobs that nobody outside of the project holds.'),
          sharedBytes: amount.describe('Bytes of blobs that others hold too.'),
          measuredAt: z.iso.datetime().describe('The job `measure-projects` counts them.'),
        })
        .nullable()
        .describe('`null`: not counted yet.'),
    }),
  ),
  problems: [],
  versioned: false,
})

export const readRepositoryUsage = defineRoute({
  id: 'readRepositoryUsage',
  method: 'GET',
  path: '/repositories/{repository}/usage',
  topic,
  summary: 'Read what a repository holds, and what deleting it would free',
  description: 'For those who may delete there: it tells what other repositories hold too.',
  params: repositoryParams,
  query: nothing,
  body: undefined,
  status: 200,
  answer: z.strictObject({
    bytes: amount.describe('Blobs and manifests, as quotas count.'),
    manifestBytes: amount,
    reclaimableBytes: amount.describe('What leaves the store when the repository is deleted.'),
    ...stored,
  }),
  problems: ['notFound'],
  versioned: false,
})

export const readReclaimable = defineRoute({
  id: 'readReclaimable',
  method: 'GET',
  path: '/repositories/{repository}/manifests/{reference}/reclaimable',
  topic,
  summary: 'Read what deleting a manifest or a tag would really free',
  description:
    'For those who may delete there. By digest the manifest goes with all its tags. By tag only the tag goes: it frees something when it is the last one and untagged manifests are collected (`collection.untagged`).',
  params: z.strictObject({
    repository: repositoryName,
    reference: z.string().min(1).max(256).describe('A tag or a digest.'),
  }),
  query: nothing,
  body: undefined,
  status: 200,
  answer: reclaimable,
  problems: ['notFound'],
  versioned: false,
})
