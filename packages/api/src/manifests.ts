import * as z from 'zod'
import { pageOf, pageQuery } from './page.ts'
import { repositoryName, repositoryParams } from './repositories.ts'
import { defineRoute } from './route.ts'

export const digest = z
  .string()
  .max(140)
  .regex(/^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/)
  .describe('A digest, such as `sha256:` and 64 hexadecimal digits.')

const reference = z
  .string()
  .min(1)
  .max(140)
  .regex(/^(?:[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}|sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/)
  .describe('A tag or a digest.')

const annotations = z.record(z.string(), z.string())

export const manifestSummary = z.strictObject({
  digest: z.string(),
  mediaType: z.string(),
  artifactType: z.string().nullable(),
  size: z.int().describe('Of the manifest itself, in bytes.'),
  subject: z.string().nullable().describe('The manifest that this one is about.'),
  tags: z.array(z.string()).describe('Tags on it, ten at most.'),
  createdAt: z.iso.datetime(),
})

const platform = z.strictObject({
  architecture: z.string().nullable(),
  os: z.string().nullable(),
  osVersion: z.string().nullable(),
  variant: z.string().nullable(),
})

const content = z.strictObject({
  digest: z.string(),
  mediaType: z.string(),
  size: z.int(),
})

const imageConfig = z.strictObject({
  created: z.string().nullable(),
  author: z.string().nullable(),
  architecture: z.string().nullable(),
  os: z.string().nullable(),
  variant: z.string().nullable(),
  user: z.string().nullable(),
  workingDirectory: z.string().nullable(),
  entrypoint: z.array(z.string()),
  command: z.array(z.string()),
  environment: z.array(z.string()),
  exposedPorts: z.array(z.string()),
  volumes: z.array(z.string()),
  stopSignal: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  history: z.array(
    z.strictObject({
      created: z.string().nullable(),
      createdBy: z.string().nullable(),
      comment: z.string().nullable(),
      isEmptyLayer: z.boolean(),
    }),
  ),
})

export const manifestKind = z
  .enum(['image', 'index', 'artifact', 'unknown'])
  .describe('`artifact`: made like an image but it is none. `unknown`: not read by Berth.')

const manifest = z.strictObject({
  ...manifestSummary.shape,
  kind: manifestKind,
  totalSize: z
    .int()
    .describe('With everything it leads to that is in the repository, each digest once.'),
  annotations,
  config: content.nullable(),
  layers: z.array(z.strictObject({ ...content.shape, annotations })),
  children: z
    .array(
      z.strictObject({
        ...content.shape,
        artifactType: z.string().nullable(),
        platform: platform.nullable(),
        annotations,
      }),
    )
    .describe('What an index lists.'),
  image: imageConfig.nullable().describe('What is in the config of an image.'),
  imageFault: z.string().nullable().describe('Why `image` is `null` though there is a config.'),
  referrers: z
    .strictObject({ count: z.int().min(0), isMore: z.boolean() })
    .describe('Signatures and the like that are about this manifest.'),
  isTruncated: z.boolean().describe('Lists were cut because they are longer than anyone reads.'),
})

/** In a path: a repository, and a tag or a digest in it. */
export const manifestParams = z.strictObject({ repository: repositoryName, reference })

export const listManifests = defineRoute({
  id: 'listManifests',
  method: 'GET',
  path: '/repositories/{repository}/manifests',
  topic: 'Manifests',
  summary: 'List the manifests of a repository, the newest first',
  params: repositoryParams,
  query: z.strictObject(pageQuery),
  body: undefined,
  status: 200,
  answer: pageOf(manifestSummary),
  problems: ['notFound'],
  versioned: false,
  open: true,
})

export const readManifest = defineRoute({
  id: 'readManifest',
  method: 'GET',
  path: '/repositories/{repository}/manifests/{reference}',
  topic: 'Manifests',
  summary: 'Read what is in a manifest',
  params: manifestParams,
  query: z.strictObject({}),
  body: undefined,
  status: 200,
  answer: manifest,
  problems: ['notFound'],
  versioned: false,
  open: true,
})

/** Whether a config of this media type is JSON, which alone is answered. */
export function isJsonMediaType(mediaType: string): boolean {
  return /[/+]json$/.test(mediaType)
}

export const readManifestContent = defineRoute({
  id: 'readManifestContent',
  method: 'GET',
  path: '/repositories/{repository}/manifests/{reference}/content',
  topic: 'Manifests',
  summary: 'Read the JSON of a manifest or of its config, byte for byte',
  description:
    'The bytes that the digest is of, for looking at them. Like all reads of this API it is not stopped by a policy that blocks pulls; where pulls are audited (`audit.pulls`) it is recorded as one. A config is answered up to 4 MiB, and only when its media type says that it is JSON.',
  params: manifestParams,
  query: z.strictObject({
    part: z
      .enum(['manifest', 'config'])
      .default('manifest')
      .describe('The manifest itself, or the config that it names; an index has none.'),
  }),
  body: undefined,
  status: 200,
  answer: undefined,
  streams: ['application/json'],
  problems: ['notFound', 'conflict'],
  versioned: false,
  open: true,
})

export const deleteManifest = defineRoute({
  id: 'deleteManifest',
  method: 'DELETE',
  path: '/repositories/{repository}/manifests/{digest}',
  topic: 'Manifests',
  summary: 'Delete a manifest and the tags on it',
  params: z.strictObject({ repository: repositoryName, digest }),
  query: z.strictObject({}),
  body: undefined,
  status: 204,
  answer: undefined,
  problems: ['notFound', 'tagImmutable'],
  versioned: false,
})
