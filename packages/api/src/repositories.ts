import * as z from 'zod'
import { repositoryAction } from './limits.ts'
import { containsQuery, orderQuery, pageOf, pageQuery } from './page.ts'
import { projectAction, projectName } from './projects.ts'
import { defineRoute } from './route.ts'

const component = '[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*'

export const repositoryName = z
  .string()
  .min(1)
  .max(255)
  .regex(new RegExp(`^${component}(?:/${component})*$`))
  .describe('Name of a repository, such as `acme/ml/trainer`.')

/** In a path, where the slashes of the name are written `%2F`. */
export const repositoryParams = z.strictObject({ repository: repositoryName })

/** A count that stops at a limit. */
const count = z.strictObject({
  count: z.int().min(0),
  isMore: z.boolean().describe('There are more than that; it was not counted on.'),
})

const description = z
  .string()
  .max(500)
  .regex(/^[^\p{Cc}\u2028\u2029]*$/u)
  .describe('What it is for, in one line; an empty text when nobody said.')

const repository = z.strictObject({
  name: repositoryName,
  project: z.string().describe('Name of the nearest project; an empty text is the instance.'),
  createdAt: z.iso.datetime(),
  description,
  tags: count,
  size: z.int().describe('Blobs and manifests as counted against the quota, each once, in bytes.'),
  pushedAt: z.iso
    .datetime()
    .nullable()
    .describe('When a manifest was last pushed or a tag set; `null`: never.'),
  lastPulledAt: z.iso
    .datetime()
    .nullable()
    .describe('When a manifest was last pulled; up to a minute late. `null`: never.'),
  pulls: z.int().describe('How often manifests were pulled.'),
})

const repositoryDetails = z.strictObject({
  ...repository.shape,
  manifests: count,
  readme: z.string().nullable().describe('Markdown, written by a stranger: render it as such.'),
  version: z.int().describe('Counts the changes of `description` and `readme`.'),
  allowed: z
    .array(repositoryAction.or(projectAction))
    .describe(
      'What the caller may do here, and in the project of the repository. `push` is scanning too, and `delete` changing the description.',
    ),
})

export const listRepositories = defineRoute({
  id: 'listRepositories',
  method: 'GET',
  path: '/repositories',
  topic: 'Repositories',
  summary: 'List the repositories that the caller may pull',
  description: 'A page can be shorter than `limit` though another follows: go by `next`.',
  params: z.strictObject({}),
  query: z.strictObject({
    ...pageQuery,
    sort: z
      .enum(['name', 'pushedAt', 'size'])
      .default('name')
      .describe('`pushedAt` and `size` are up to a minute late in the order.'),
    order: orderQuery.describe(
      'Default: `ascending` by name, `descending` else: the newest and the largest first.',
    ),
    contains: containsQuery,
    project: projectName.optional().describe('Only those that lie in this project or below it.'),
    prefix: z
      .string()
      .min(1)
      .max(255)
      .regex(/^[a-z0-9._/-]+$/)
      .optional()
      .describe('What the names begin with.'),
  }),
  body: undefined,
  status: 200,
  answer: pageOf(repository),
  problems: [],
  versioned: false,
  open: true,
})

export const readRepository = defineRoute({
  id: 'readRepository',
  method: 'GET',
  path: '/repositories/{repository}',
  topic: 'Repositories',
  summary: 'Read a repository',
  description:
    'The `ETag` is of the description and the readme: the figures and `allowed` change without it.',
  params: repositoryParams,
  query: z.strictObject({}),
  body: undefined,
  status: 200,
  answer: repositoryDetails,
  problems: ['notFound'],
  versioned: true,
  open: true,
})

export const updateRepository = defineRoute({
  id: 'updateRepository',
  method: 'PATCH',
  path: '/repositories/{repository}',
  topic: 'Repositories',
  summary: 'Change the description of a repository',
  description: 'For those who may delete from it. What is left out stays.',
  params: repositoryParams,
  query: z.strictObject({}),
  body: z.strictObject({
    description: description.optional(),
    readme: z
      .string()
      .min(1)
      .max(65_536)
      .refine((text) => !text.includes('\0'), { error: 'holds a NUL character' })
      .nullable()
      .optional()
      .describe('Markdown, up to 65,536 characters; `null` for none.'),
  }),
  status: 200,
  answer: repositoryDetails,
  problems: ['notFound', 'versionMismatch'],
  versioned: true,
})

export const deleteRepository = defineRoute({
  id: 'deleteRepository',
  method: 'DELETE',
  path: '/repositories/{repository}',
  topic: 'Repositories',
  summary: 'Delete everything in a repository',
  description:
    'Refused, with nothing deleted, when a tag is immutable. A large repository is emptied a part at a time: as long as `isComplete` is `false`, send the request again. The empty repository disappears with the next collection; the bytes are freed after the grace period.',
  params: repositoryParams,
  query: z.strictObject({}),
  body: undefined,
  status: 200,
  answer: z.strictObject({
    manifestsDeleted: z.int(),
    blobsDeleted: z.int().describe('Blobs that the repository no longer holds.'),
    isComplete: z.boolean(),
  }),
  problems: ['notFound', 'tagImmutable'],
  versioned: false,
})
