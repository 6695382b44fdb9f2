import * as z from 'zod'
import { pageOf, pageQuery } from './page.ts'
import { projectName, projectParams } from './projects.ts'
import { defineRoute } from './route.ts'

const nothing = z.strictObject({})
const topic = 'Policies'
const collection = '/projects/{project}/policy-exceptions'
const instance = '/system/policy-exceptions'
const time = z.iso.datetime({ offset: true })

const input = z
  .strictObject({
    rule: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .describe('Name of a rule of the policy of this project or one below; left out: any.'),
    vulnerability: z.string().min(1).max(64).optional().describe('Such as CVE-2021-44228.'),
    package: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe('`kind:name`, such as `deb:openssl`, or the name alone.'),
    repositories: z
      .string()
      .min(1)
      .max(256)
      .default('**')
      .describe('A pattern of whole repository names.'),
    reason: z.string().trim().min(3).max(1000).describe('Why, for those who read it later.'),
    endsAt: time.describe('From when on it counts no more: in the future, within ten years.'),
  })
  .refine(
    ({ rule, vulnerability, package: name }) =>
      rule !== undefined || vulnerability !== undefined || name !== undefined,
    { error: 'must name at least one of rule, vulnerability and package' },
  )

const exception = z.strictObject({
  id: z.uuid(),
  project: z.string().max(200).describe('An empty text is the instance.'),
  rule: z.string().nullable(),
  vulnerability: z.string().nullable(),
  package: z.string().nullable(),
  repositories: z.string(),
  reason: z.string(),
  author: z.string(),
  createdAt: z.iso.datetime(),
  endsAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable().describe('When somebody ended it before its time.'),
  endedBy: z.string().nullable(),
})

const exceptionId = z.uuid().describe('`id` of the exception.')

const listQuery = z.strictObject({
  ...pageQuery,
  state: z
    .enum(['active', 'all'])
    .default('active')
    .describe('`all`: those that ended, too. None is ever deleted.'),
  vulnerability: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe('Only those for this vulnerability, in capitals or not.'),
})

export const listPolicyExceptions = defineRoute({
  id: 'listPolicyExceptions',
  method: 'GET',
  path: collection,
  topic,
  summary: 'List the exceptions of a project, the latest first',
  description: 'Those of this very project; what projects above let pass holds here too.',
  params: projectParams,
  query: listQuery,
  body: undefined,
  status: 200,
  answer: pageOf(exception),
  problems: ['notFound'],
  versioned: false,
})

export const createPolicyException = defineRoute({
  id: 'createPolicyException',
  method: 'POST',
  path: collection,
  topic,
  summary: 'Let something pass until a day',
  description:
    'It holds for rules of the policies of this project and of those below it: an exception of a project cannot open what a project above it closes.',
  params: projectParams,
  query: nothing,
  body: input,
  status: 201,
  answer: exception,
  problems: ['notFound', 'conflict'],
  versioned: false,
})

export const endPolicyException = defineRoute({
  id: 'endPolicyException',
  method: 'DELETE',
  path: `${collection}/{exception}`,
  topic,
  summary: 'End an exception now',
  description: 'It stays in the list, with who ended it.',
  params: z.strictObject({ project: projectName, exception: exceptionId }),
  query: nothing,
  body: undefined,
  status: 204,
  answer: undefined,
  problems: ['notFound'],
  versioned: false,
})

export const listInstancePolicyExceptions = defineRoute({
  ...listPolicyExceptions,
  id: 'listInstancePolicyExceptions',
  path: instance,
  summary: 'List the exceptions of all projects, the latest first',
  description: 'Those of the instance itself are among them: they hold everywhere.',
  params: nothing,
  query: z.strictObject({
    ...listQuery.shape,
    scope: z
      .enum(['all', 'instance'])
      .default('all')
      .describe('`instance`: only those of the instance itself.'),
  }),
  problems: [],
})

export const createInstancePolicyException = defineRoute({
  ...createPolicyException,
  id: 'createInstancePolicyException',
  path: instance,
  summary: 'Let something pass everywhere until a day',
  params: nothing,
})

export const endInstancePolicyException = defineRoute({
  ...endPolicyException,
  id: 'endInstancePolicyException',
  path: `${instance}/{exception}`,
  summary: 'End an exception of the instance now',
  params: z.strictObject({ exception: exceptionId }),
})
