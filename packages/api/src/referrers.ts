import * as z from 'zod'
import { digest } from './manifests.ts'
import { pageOf } from './page.ts'
import { repositoryName } from './repositories.ts'
import { defineRoute } from './route.ts'

export const listReferrers = defineRoute({
  id: 'listReferrers',
  method: 'GET',
  path: '/repositories/{repository}/referrers/{digest}',
  topic: 'Manifests',
  summary: 'List what is about a manifest: signatures, bills of materials, attestations',
  description: 'Of a digest that is not here there are none.',
  params: z.strictObject({ repository: repositoryName, digest }),
  query: z.strictObject({
    after: digest.optional().describe('`next` of the page before.'),
    artifactType: z
      .array(z.string().min(1).max(255))
      .max(10)
      .optional()
      .describe('Only of these types; may be repeated.'),
  }),
  body: undefined,
  status: 200,
  answer: pageOf(
    z.strictObject({
      digest: z.string(),
      mediaType: z.string(),
      artifactType: z.string().nullable(),
      size: z.int(),
      annotations: z.record(z.string(), z.string()),
    }),
  ),
  problems: ['notFound'],
  versioned: false,
  open: true,
})
