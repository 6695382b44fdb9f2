import * as z from 'zod'
import { pageOf, pageQuery } from './page.ts'
import { projectParams } from './projects.ts'
import { repositoryName } from './repositories.ts'
import { defineRoute } from './route.ts'

const topic = 'Policies'

const violation = z
  .strictObject({
    project: z.string().describe('Whose policy; an empty text is the instance.'),
    rule: z.string().describe('Name of the rule.'),
    template: z.string(),
    mode: z.enum(['enforce', 'warn', 'audit']),
    subject: z
      .string()
      .describe('What breaks it: `CVE-2024-1 in deb:openssl 3.0.11-1`, `signature`, `user`.'),
    found: z.string(),
    wanted: z.string(),
    fix: z.string().nullable().describe('What would mend it.'),
    platform: z.string().nullable().describe('Of the image in an index that breaks it.'),
    score: z.number().nullable(),
    due: z.iso.datetime().nullable().describe('For `sla`: by when it had to be mended.'),
  })
  .meta({ id: 'PolicyViolation' })

const pardon = z.strictObject({
  rule: z.string(),
  subject: z.string(),
  by: z.enum(['exception', 'vex']),
  id: z.string(),
  author: z.string(),
  reason: z.string(),
  endsAt: z.iso.datetime().nullable(),
})

/** What a policy says of an image. */
export const evaluation = z
  .strictObject({
    decision: z.enum(['allow', 'warn', 'deny']),
    message: z.string().describe('As a blocked client is told; empty when nothing is wrong.'),
    violations: z.array(violation).describe('The worst first, at most 200.'),
    moreViolations: z.int().describe('Violations beyond those listed.'),
    suppressed: z
      .array(pardon)
      .describe('What would be a violation but for an exception or a statement, at most 200.'),
    validUntil: z.iso
      .datetime()
      .nullable()
      .describe('When the passage of time alone may change it.'),
  })
  .meta({ id: 'PolicyEvaluation' })

const inputs = z.strictObject({
  images: z.array(
    z.strictObject({
      digest: z.string(),
      platform: z.string().nullable(),
      scan: z
        .strictObject({
          state: z.enum(['none', 'waiting', 'catalogued', 'failed', 'unsupported']),
          matchedAt: z.iso.datetime().nullable(),
          dataBuiltAt: z.string().nullable(),
          dataRevision: z.int(),
        })
        .describe('`none`: it was never asked to be scanned.'),
    }),
  ),
  signatures: z.array(
    z.strictObject({
      identity: z.string(),
      what: z.enum(['signature', 'attestation']),
      predicateType: z.string(),
      on: z.string().describe('Digest of the manifest that was signed: the image or its index.'),
    }),
  ),
  policies: z.array(z.strictObject({ project: z.string(), version: z.int() })),
  tags: z.array(z.string()).describe('Under which it is judged, at most 100.'),
})

export const explainDecision = defineRoute({
  id: 'explainDecision',
  method: 'GET',
  path: '/repositories/{repository}/decisions/{reference}',
  topic,
  summary: 'Tell why an image may be pulled, or why not',
  description: 'Judges anew what is stored, and says by what. For those who may pull.',
  params: z.strictObject({
    repository: repositoryName,
    reference: z.string().min(1).max(256).describe('A tag or a digest.'),
  }),
  query: z.strictObject({
    stage: z.enum(['pull', 'push', 'promotion']).default('pull').describe('What is asked for.'),
  }),
  body: undefined,
  status: 200,
  answer: z.strictObject({
    repository: repositoryName,
    digest: z.string(),
    stage: z.enum(['pull', 'push', 'promotion']),
    ...evaluation.shape,
    inputs,
  }),
  problems: ['notFound'],
  versioned: false,
  open: true,
})

export const listDenials = defineRoute({
  id: 'listDenials',
  method: 'GET',
  path: '/projects/{project}/denials',
  topic,
  summary: 'List what was blocked lately in a project and below it, the latest first',
  description:
    'From the audit log, those of repositories that the caller may pull; a page can be shorter than `limit`. The same pull by the same caller within a few seconds is one, with a count.',
  params: projectParams,
  query: z.strictObject({ ...pageQuery }),
  body: undefined,
  status: 200,
  answer: pageOf(
    z.strictObject({
      at: z.iso.datetime(),
      actor: z.string(),
      repository: z.string(),
      reason: z.string(),
      count: z.int(),
    }),
  ),
  problems: ['notFound'],
  versioned: false,
})

export const listInstanceDenials = defineRoute({
  ...listDenials,
  id: 'listInstanceDenials',
  path: '/system/denials',
  summary: 'List what was blocked lately on the whole instance, the latest first',
  description:
    'From the audit log. The same pull by the same caller within a few seconds is one, with a count.',
  params: z.strictObject({}),
  problems: [],
})
