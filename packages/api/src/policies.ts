import * as z from 'zod'
import { policyDocumentMax, policyRule } from './policy-document.ts'
import { evaluation } from './decisions.ts'
import { pageOf, pageQuery } from './page.ts'
import { projectParams } from './projects.ts'
import { repositoryName, repositoryParams } from './repositories.ts'
import { defineRoute } from './route.ts'

const nothing = z.strictObject({})
const topic = 'Policies'
const path = '/projects/{project}/policy'
const instance = '/system/policy'

const document = z
  .string()
  .min(1)
  .max(policyDocumentMax)
  .describe('The policy as YAML or JSON; comments stay as they are. See the reference of policies.')

const rules = z
  .array(policyRule)
  .max(100)
  .describe(
    'The policy as JSON, in place of `document`, for those who do not write YAML. Berth writes the document; comments of a former one are lost.',
  )

const oneOf = { error: 'must be given, or rules: exactly one of the two', path: ['document'] }

const policy = z.strictObject({
  project: z.string().max(200).describe('An empty text is the instance.'),
  document: z.string(),
  rules: z.array(policyRule).describe('What the document says, with the defaults.'),
  version: z.int(),
  updatedAt: z.iso.datetime(),
  updatedBy: z.string(),
})

const effective = z.strictObject({
  rules: z
    .array(
      z.strictObject({
        project: z.string().describe('Where it stands; an empty text is the instance.'),
        version: z.int().describe('Of that policy.'),
        rule: policyRule,
      }),
    )
    .describe('Those of all projects above hold together; a project adds, and never loosens.'),
})

const trial = z
  .strictObject({
    document: document.optional().describe('Without it and without `rules`: what is in force.'),
    rules: rules.optional(),
    limit: z.int().min(1).max(100).default(20).describe('Images in a page at most.'),
    after: z.string().min(1).max(1024).optional().describe('`next` of the page before.'),
    only: z
      .enum(['all', 'changed', 'blocked'])
      .default('all')
      .describe('`changed`: whose decision would be another. A page can be shorter than `limit`.'),
  })
  .refine((given) => given.document === undefined || given.rules === undefined, {
    error: 'must not be given beside document',
    path: ['rules'],
  })

const setting = z
  .strictObject({ document: document.optional(), rules: rules.optional() })
  .refine((given) => (given.document === undefined) !== (given.rules === undefined), oneOf)

const trialPage = z.strictObject({
  items: z.array(
    z.strictObject({
      repository: repositoryName,
      digest: z.string(),
      tags: z.array(z.string()).describe('At most ten.'),
      now: evaluation.describe('A pull, as things are.'),
      tried: evaluation.describe('A pull, were the document in force.'),
    }),
  ),
  next: z.string().nullable(),
})

export const readPolicy = defineRoute({
  id: 'readPolicy',
  method: 'GET',
  path,
  topic,
  summary: 'Read the policy of a project, without those of projects above it',
  params: projectParams,
  query: nothing,
  body: undefined,
  status: 200,
  answer: policy,
  problems: ['notFound'],
  versioned: true,
})

export const setPolicy = defineRoute({
  id: 'setPolicy',
  method: 'PUT',
  path,
  topic,
  summary: 'Set the policy of a project',
  description:
    'It holds at once, for the project and all below it. Either `document` or `rules`. A document with a fault is refused with line, column and reason, and the former one stays in force.',
  params: projectParams,
  query: nothing,
  body: setting,
  status: 200,
  answer: policy,
  problems: ['notFound', 'versionMismatch'],
  versioned: true,
})

export const deletePolicy = defineRoute({
  id: 'deletePolicy',
  method: 'DELETE',
  path,
  topic,
  summary: 'Remove the policy of a project; those of projects above still hold',
  params: projectParams,
  query: nothing,
  body: undefined,
  status: 204,
  answer: undefined,
  problems: ['notFound', 'versionMismatch'],
  versioned: true,
})

export const testPolicy = defineRoute({
  id: 'testPolicy',
  method: 'POST',
  path: `${path}/test`,
  topic,
  summary: 'Try a policy on what is stored, before it is in force',
  description:
    'Judges the tagged images of the project and all below it that the caller may pull, a page at a time. Nothing changes.',
  params: projectParams,
  query: nothing,
  body: trial,
  status: 200,
  answer: trialPage,
  problems: ['notFound'],
  versioned: false,
})

export const readInstancePolicy = defineRoute({
  ...readPolicy,
  id: 'readInstancePolicy',
  path: instance,
  summary: 'Read the policy of the instance, which holds everywhere',
  params: nothing,
})

export const setInstancePolicy = defineRoute({
  ...setPolicy,
  id: 'setInstancePolicy',
  path: instance,
  summary: 'Set the policy of the instance',
  params: nothing,
})

export const deleteInstancePolicy = defineRoute({
  ...deletePolicy,
  id: 'deleteInstancePolicy',
  path: instance,
  summary: 'Remove the policy of the instance',
  params: nothing,
})

export const testInstancePolicy = defineRoute({
  ...testPolicy,
  id: 'testInstancePolicy',
  path: `${instance}/test`,
  summary: 'Try a policy of the instance on what is stored',
  params: nothing,
})

export const readEffectivePolicy = defineRoute({
  id: 'readEffectivePolicy',
  method: 'GET',
  path: '/repositories/{repository}/policy',
  topic,
  summary: 'Read every rule that holds for a repository, those of the nearest project last',
  params: repositoryParams,
  query: nothing,
  body: undefined,
  status: 200,
  answer: effective,
  problems: ['notFound'],
  versioned: false,
})

export const listPolicies = defineRoute({
  id: 'listPolicies',
  method: 'GET',
  path: '/system/policies',
  topic,
  summary: 'List the projects that have a policy',
  params: nothing,
  query: z.strictObject({ ...pageQuery }),
  body: undefined,
  status: 200,
  answer: pageOf(
    z.strictObject({
      project: policy.shape.project,
      rules: z.int(),
      version: policy.shape.version,
      updatedAt: policy.shape.updatedAt,
      updatedBy: policy.shape.updatedBy,
    }),
  ),
  problems: [],
  versioned: false,
})
