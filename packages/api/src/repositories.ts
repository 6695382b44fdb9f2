import * as z from 'zod'
import { pageOf, pageQuery } from './page.ts'
import { projectName } from './projects.ts'
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

const repository = z.strictObject({
  name: repositoryName,
  project: z.string().describe('Name of the nearest project; an empty text is the instance.'),
  createdAt: z.iso.datetime(),
})

export const listRepositories = defineRoute({
  id: 'listRepositories',
  method: 'GET',
  path: '/repositories',
  topic: 'Repositories',
  summary: 'List the repositories that the caller may pull, by name',
  description: 'A page can be shorter than `limit` though another follows: go by `next`.',
  params: z.strictObject({}),
  query: z.strictObject({
    ...pageQuery,
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
  params: repositoryParams,
  query: z.strictObject({}),
  body: undefined,
  status: 200,
  answer: z.strictObject({
    ...repository.shape,
    tags: count,
    manifests: count,
    pushedAt: z.iso
      .datetime()
      .nullable()
      .describe('When a manifest was last added or a tag set; `null` when there are none.'),
  }),
  problems: ['notFound'],
  versioned: false,
  open: true,
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
