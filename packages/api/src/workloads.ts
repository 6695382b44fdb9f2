import * as z from 'zod'
import { actions, allowedAddresses, machineName, repositories } from './limits.ts'
import { pageOf, pageQuery } from './page.ts'
import { projectName, projectParams } from './projects.ts'
import { defineRoute } from './route.ts'

const time = z.iso.datetime()
const issuer = z
  .string()
  .min(1)
  .max(512)
  .describe('One of the issuers that the settings trust (`access.workloads`).')
const conditions = z
  .record(z.string().min(1).max(128), z.string().min(1).max(256))
  .refine((value) => Object.keys(value).length <= 20)
  .describe(
    'Claims and the patterns that they must match, all of them, at most 20. Dots lead into objects: `kubernetes.io.namespace`. One at least must tell workloads apart.',
  )

const rule = z.strictObject({
  id: z.uuid(),
  projectName: projectName.or(z.literal('')).describe('An empty text is the instance.'),
  name: machineName,
  issuer,
  conditions,
  actions,
  repositories,
  allowedAddresses: allowedAddresses.nullable(),
  lastUsedAt: time.nullable().describe('When it last let a token in, to five minutes.'),
  createdAt: time,
  version: z.int(),
})

const nothing = z.strictObject({})
const id = z.uuid().describe('`id` of the rule.')
const ofProject = z.strictObject({ project: projectName, rule: id })
const ofInstance = z.strictObject({ rule: id })
const topic = 'Workloads'

export const listWorkloadRules = defineRoute({
  id: 'listWorkloadRules',
  method: 'GET',
  path: '/projects/{project}/workload-rules',
  topic,
  summary: 'List the rules of a project by name, without those of projects below it',
  params: projectParams,
  query: z.strictObject(pageQuery),
  body: undefined,
  status: 200,
  answer: pageOf(rule),
  problems: ['notFound'],
  versioned: false,
})

export const createWorkloadRule = defineRoute({
  id: 'createWorkloadRule',
  method: 'POST',
  path: '/projects/{project}/workload-rules',
  topic,
  summary: 'Create a rule that lets in tokens of another issuer',
  description: 'A rule gives no action that its maker does not have in the project.',
  params: projectParams,
  query: nothing,
  body: z.strictObject({
    name: machineName,
    issuer,
    conditions,
    actions,
    repositories: repositories.default(['**']),
    allowedAddresses: allowedAddresses.nullable().default(null),
  }),
  status: 201,
  answer: rule,
  problems: ['notFound', 'alreadyExists', 'conflict'],
  versioned: true,
})

export const readWorkloadRule = defineRoute({
  id: 'readWorkloadRule',
  method: 'GET',
  path: '/projects/{project}/workload-rules/{rule}',
  topic,
  summary: 'Read a rule',
  params: ofProject,
  query: nothing,
  body: undefined,
  status: 200,
  answer: rule,
  problems: ['notFound'],
  versioned: true,
})

export const updateWorkloadRule = defineRoute({
  id: 'updateWorkloadRule',
  method: 'PATCH',
  path: '/projects/{project}/workload-rules/{rule}',
  topic,
  summary: 'Change a rule; whoever is in by it must show a token again',
  description: 'What is left out stays.',
  params: ofProject,
  query: nothing,
  body: z.strictObject({
    issuer: issuer.optional(),
    conditions: conditions.optional(),
    actions: actions.optional(),
    repositories: repositories.optional(),
    allowedAddresses: allowedAddresses.nullable().optional(),
  }),
  status: 200,
  answer: rule,
  problems: ['notFound'],
  versioned: true,
})

export const deleteWorkloadRule = defineRoute({
  id: 'deleteWorkloadRule',
  method: 'DELETE',
  path: '/projects/{project}/workload-rules/{rule}',
  topic,
  summary: 'Delete a rule, in force for those too who are in by it',
  params: ofProject,
  query: nothing,
  body: undefined,
  status: 204,
  answer: undefined,
  problems: ['notFound'],
  versioned: true,
})

export const listInstanceWorkloadRules = defineRoute({
  ...listWorkloadRules,
  id: 'listInstanceWorkloadRules',
  path: '/workload-rules',
  summary: 'List the rules of the instance, which reach into every project',
  params: nothing,
})

export const createInstanceWorkloadRule = defineRoute({
  ...createWorkloadRule,
  id: 'createInstanceWorkloadRule',
  path: '/workload-rules',
  summary: 'Create a rule of the instance',
  description: 'It reaches into every project, as far as its patterns say.',
  params: nothing,
})

export const readInstanceWorkloadRule = defineRoute({
  ...readWorkloadRule,
  id: 'readInstanceWorkloadRule',
  path: '/workload-rules/{rule}',
  summary: 'Read a rule of the instance',
  params: ofInstance,
})

export const updateInstanceWorkloadRule = defineRoute({
  ...updateWorkloadRule,
  id: 'updateInstanceWorkloadRule',
  path: '/workload-rules/{rule}',
  summary: 'Change a rule of the instance',
  params: ofInstance,
})

export const deleteInstanceWorkloadRule = defineRoute({
  ...deleteWorkloadRule,
  id: 'deleteInstanceWorkloadRule',
  path: '/workload-rules/{rule}',
  summary: 'Delete a rule of the instance',
  params: ofInstance,
})

export const listWorkloadIssuers = defineRoute({
  id: 'listWorkloadIssuers',
  method: 'GET',
  path: '/projects/{project}/workload-issuers',
  topic,
  summary: 'List the issuers that rules can be made for',
  params: projectParams,
  query: nothing,
  body: undefined,
  status: 200,
  answer: z.strictObject({ items: z.array(issuer) }),
  problems: ['notFound'],
  versioned: false,
})
