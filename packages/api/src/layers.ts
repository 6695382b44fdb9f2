import * as z from 'zod'
import { digest, manifestParams } from './manifests.ts'
import { pageOf, pageQuery } from './page.ts'
import { repositoryName } from './repositories.ts'
import { defineRoute } from './route.ts'
import { platformQuery } from './scans.ts'

const topic = 'Layers'

/** A count that stops at a limit. */
const count = z.strictObject({ count: z.int().min(0), isMore: z.boolean() })

const layer = z.strictObject({
  position: z.int().describe('From 0, the lowest layer.'),
  digest: z.string(),
  diffId: z
    .string()
    .nullable()
    .describe('Digest without compression, as the config of the image says.'),
  mediaType: z.string(),
  size: z.int().describe('As stored, in bytes.'),
  createdBy: z.string().nullable().describe('The instruction that made it, as the history says.'),
  createdAt: z.string().nullable().describe('When, as the history says.'),
  comment: z.string().nullable(),
  isStored: z
    .boolean()
    .describe('Whether the repository has it; a foreign layer need not be there.'),
  repositories: count.describe(
    'Repositories that have it, this one too, of the projects that the caller may read.',
  ),
  manifests: count.describe('Manifests of this repository that use it.'),
})

export const listLayers = defineRoute({
  id: 'listLayers',
  method: 'GET',
  path: '/repositories/{repository}/manifests/{reference}/layers',
  topic,
  summary: 'List the layers of an image, the lowest first',
  params: manifestParams,
  query: z.strictObject({ platform: platformQuery }),
  body: undefined,
  status: 200,
  answer: z.strictObject({
    digest: z.string().describe('The image; of an index the one that was chosen.'),
    items: z.array(layer).describe('1,000 at most.'),
    isTruncated: z.boolean(),
  }),
  problems: ['notFound'],
  versioned: false,
  open: true,
})

const layerFile = z.strictObject({
  name: z.string().describe('Without its directory.'),
  kind: z
    .enum(['file', 'directory', 'symlink', 'hardlink', 'device', 'whiteout', 'opaque'])
    .describe(
      '`whiteout`: the layer takes this name away from those below. `opaque`: all that those below have in the directory.',
    ),
  size: z.int().describe('In bytes; of a directory the sum of all below.'),
  files: z.int().nullable().describe('Of a directory: how many files are below, not directories.'),
  mode: z
    .int()
    .nullable()
    .describe('Permissions as a number; `null` for a directory not in the archive.'),
  uid: z.int().nullable(),
  gid: z.int().nullable(),
  modifiedAt: z.iso.datetime().nullable(),
  target: z.string().nullable().describe('Where a link leads.'),
})

export const listLayerFiles = defineRoute({
  id: 'listLayerFiles',
  method: 'GET',
  path: '/repositories/{repository}/layers/{digest}/files',
  topic,
  summary: 'List the files in a directory of a layer',
  description:
    'The first request has the layer read, which takes seconds for a large one: as long as `state` is `reading`, ask again. `failed`: it goes beyond what is read, or is broken; `reason` says how. What was read is kept for a while.',
  params: z.strictObject({ repository: repositoryName, digest }),
  query: z.strictObject({
    ...pageQuery,
    path: z
      .string()
      .max(4096)
      .regex(/^[^\0]*$/)
      .default('')
      .describe('The directory, such as `usr/lib`; an empty text is the root.'),
  }),
  body: undefined,
  status: 200,
  answer: z.strictObject({
    ...pageOf(layerFile).shape,
    digest: z.string(),
    state: z.enum(['reading', 'ready', 'failed']),
    reason: z.string().nullable().describe('Why it failed.'),
    progress: z
      .strictObject({ bytes: z.int(), totalBytes: z.int() })
      .nullable()
      .describe('Compressed bytes read so far.'),
    path: z.string(),
    files: z.int().describe('In the whole layer, without directories.'),
    size: z.int().describe('Of all files of the layer, in bytes.'),
  }),
  problems: ['notFound', 'conflict'],
  versioned: false,
  open: true,
})
