import * as z from 'zod'
import { defineRoute } from './route.ts'
import { packageKind } from './scans.ts'

/** What can be found. */
export const searchKind = z.enum([
  'project',
  'repository',
  'tag',
  'digest',
  'label',
  'annotation',
  'package',
  'vulnerability',
])

const searchHit = z.strictObject({
  kind: searchKind,
  match: z.enum(['exact', 'prefix', 'part']).describe('Where in the word it was found.'),
  text: z.string().describe('The word that was found; a label or annotation as `key=value`.'),
  project: z.string().describe('The project it is in; an empty text is the instance.'),
  repository: z
    .string()
    .nullable()
    .describe('`null` for a project, a package and a vulnerability.'),
  digest: z
    .string()
    .nullable()
    .describe('The manifest that has the tag, the label or the annotation.'),
  package: z
    .strictObject({ kind: packageKind, name: z.string() })
    .nullable()
    .describe('For a package: what `GET /packages` is asked with.'),
  vulnerability: z
    .string()
    .nullable()
    .describe('For a vulnerability: its CVE where there is one, though `text` is another id.'),
  images: z
    .strictObject({ count: z.int(), isMore: z.boolean() })
    .nullable()
    .describe(
      'For a package and a vulnerability: in how many images it was found of those that the caller may pull; `isMore`: that is what a first look at the places showed.',
    ),
})

export const search = defineRoute({
  id: 'search',
  method: 'GET',
  path: '/search',
  topic: 'Search',
  summary:
    'Find projects, repositories, tags, digests, labels, annotations, packages and vulnerabilities',
  description:
    'By the beginning of a word or, from three characters on, by any part of it; capitals do not matter. Digests by their beginning, from four digits on; vulnerabilities by the beginning of their CVE or of the id of an advisory, from three characters on. What the caller may not pull is not found. The word itself comes first, then words that begin with it, then the others.',
  params: z.strictObject({}),
  query: z.strictObject({
    q: z.string().min(1).max(100).describe('What to look for.'),
    kind: z.array(searchKind).max(8).optional().describe('Only these kinds; may be repeated.'),
    limit: z.coerce
      .number()
      .int()
      .min(1)
      .max(50)
      .default(20)
      .describe('Hits of each kind at most.'),
  }),
  body: undefined,
  status: 200,
  answer: z.strictObject({ items: z.array(searchHit) }),
  problems: [],
  versioned: false,
  open: true,
})
