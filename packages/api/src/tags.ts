import * as z from 'zod'
import { pageOf, pageQuery } from './page.ts'
import { repositoryName, repositoryParams } from './repositories.ts'
import { defineRoute } from './route.ts'

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
      .enum(['name', 'updatedAt'])
      .default('name')
      .describe('`updatedAt`: the one that was set last comes first.'),
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
