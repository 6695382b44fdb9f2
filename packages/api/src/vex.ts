import * as z from 'zod'
import { vexStatus } from './findings.ts'
import { digest } from './manifests.ts'
import { pageOf, pageQuery } from './page.ts'
import { projectParams } from './projects.ts'
import { repositoryName } from './repositories.ts'
import { defineRoute } from './route.ts'

const topic = 'Judgements'
const nothing = z.strictObject({})
const text = (max: number) => z.string().min(1).max(max)

const justification = z
  .enum([
    'component_not_present',
    'vulnerable_code_not_present',
    'vulnerable_code_not_in_execute_path',
    'vulnerable_code_cannot_be_controlled_by_adversary',
    'inline_mitigations_already_exist',
  ])
  .describe('Why it is not affected, in the words of OpenVEX.')

const scope = {
  repository: repositoryName
    .optional()
    .describe('Only this repository of the project; without it, all.'),
  image: digest.optional().describe('Only the image with this digest.'),
}

const statement = z
  .strictObject({
    id: z.string(),
    project: z.string().max(200).describe('Where it was said; an empty text is the instance.'),
    repository: z.string().nullable().describe('`null`: all of the project and below it.'),
    image: z.string().nullable(),
    vulnerability: z.string(),
    package: z
      .string()
      .nullable()
      .describe('`kind:name`, with `@version` for one version; `null`: every package.'),
    status: vexStatus,
    justification: z.string().nullable(),
    statement: z.string().nullable(),
    author: z.string(),
    source: z.enum(['berth', 'openvex', 'cyclonedx', 'attestation']),
    sourceDigest: z.string().nullable().describe('The attestation that it came with.'),
    createdAt: z.iso.datetime(),
    revokedAt: z.iso.datetime().nullable(),
    revokedBy: z
      .string()
      .nullable()
      .describe('`null` too where the attestation that it came with counts no more.'),
  })
  .meta({ id: 'VexStatement' })

export const listVexStatements = defineRoute({
  id: 'listVexStatements',
  method: 'GET',
  path: '/projects/{project}/vex-statements',
  topic,
  summary: 'List what people say of vulnerabilities in a project, the newest first',
  description: 'Those of this very project; what projects above say holds here too.',
  params: projectParams,
  query: z.strictObject({
    ...pageQuery,
    vulnerability: text(100).optional(),
    state: z.enum(['active', 'revoked', 'all']).default('active'),
  }),
  body: undefined,
  status: 200,
  answer: pageOf(statement),
  problems: ['notFound'],
  versioned: false,
})

export const createVexStatement = defineRoute({
  id: 'createVexStatement',
  method: 'POST',
  path: '/projects/{project}/vex-statements',
  topic,
  summary: 'Say of a vulnerability whether it matters here',
  description:
    'The latest statement counts, the narrower before the wider. `not_affected` and `fixed` take the finding out of the counts; it stays visible with the author. `not_affected` needs a justification or a statement.',
  params: projectParams,
  query: nothing,
  body: z
    .strictObject({
      ...scope,
      vulnerability: text(100),
      package: text(512)
        .regex(/^[a-z]+:[^@\s][^\s]*$/)
        .optional()
        .describe('`kind:name` or `kind:name@version`; without it, every package.'),
      status: vexStatus,
      justification: justification.optional(),
      statement: text(4000).optional().describe('For people.'),
    })
    .refine(
      ({ status, justification: why, statement: words }) =>
        status !== 'not_affected' || why !== undefined || words !== undefined,
      { error: 'must have a justification or a statement for not_affected', path: ['status'] },
    ),
  status: 201,
  answer: statement,
  problems: ['notFound'],
  versioned: false,
})

export const uploadVexDocument = defineRoute({
  id: 'uploadVexDocument',
  method: 'POST',
  path: '/projects/{project}/vex-documents',
  topic,
  summary: 'Take over the statements of an OpenVEX or CycloneDX document',
  description:
    'Statements on products that are no package and no image of this Berth are left out and counted. The author is who uploads it.',
  params: projectParams,
  query: nothing,
  body: z.strictObject({
    ...scope,
    document: z
      .record(z.string(), z.unknown())
      .describe('OpenVEX 0.2.0 or CycloneDX with `vulnerabilities`, as JSON.'),
  }),
  status: 201,
  answer: z.strictObject({
    created: z.array(statement),
    leftOut: z.array(z.strictObject({ vulnerability: z.string(), reason: z.string() })),
  }),
  problems: ['notFound'],
  versioned: false,
})

export const revokeVexStatement = defineRoute({
  id: 'revokeVexStatement',
  method: 'POST',
  path: '/projects/{project}/vex-statements/{statement}/revoke',
  topic,
  summary: 'Take a statement back',
  description: 'It stays in the list as revoked, with who did it.',
  params: z.strictObject({ ...projectParams.shape, statement: z.uuid() }),
  query: nothing,
  body: undefined,
  status: 200,
  answer: statement,
  problems: ['notFound', 'conflict'],
  versioned: false,
})

export const listInstanceVexStatements = defineRoute({
  ...listVexStatements,
  id: 'listInstanceVexStatements',
  path: '/system/vex-statements',
  summary: 'List what people say of vulnerabilities in all projects, the newest first',
  description: 'Those of the instance itself are among them: they hold everywhere.',
  params: nothing,
  query: z.strictObject({
    ...listVexStatements.query.shape,
    scope: z
      .enum(['all', 'instance'])
      .default('all')
      .describe('`instance`: only what was said of the instance itself.'),
  }),
  problems: [],
})

export const createInstanceVexStatement = defineRoute({
  ...createVexStatement,
  id: 'createInstanceVexStatement',
  path: '/system/vex-statements',
  summary: 'Say of a vulnerability whether it matters anywhere',
  params: nothing,
  problems: [],
})

export const uploadInstanceVexDocument = defineRoute({
  ...uploadVexDocument,
  id: 'uploadInstanceVexDocument',
  path: '/system/vex-documents',
  summary: 'Take over the statements of a document for the whole instance',
  params: nothing,
  problems: [],
})

export const revokeInstanceVexStatement = defineRoute({
  ...revokeVexStatement,
  id: 'revokeInstanceVexStatement',
  path: '/system/vex-statements/{statement}/revoke',
  summary: 'Take a statement of the instance back',
  params: z.strictObject({ statement: z.uuid() }),
})
