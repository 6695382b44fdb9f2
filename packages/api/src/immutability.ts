import * as z from 'zod'
import { projectName, projectParams } from './projects.ts'
import { repositoryName } from './repositories.ts'
import { defineRoute } from './route.ts'

const globText =
  '`*` stands for any characters but `/`, `**` for any characters, `?` for one character, and `{a,b}` for one of several.'
const glob = z.string().min(1).max(256)
const nothing = z.strictObject({})
const topic = 'Immutable tags'
const collection = '/projects/{project}/immutability-rules'
const instance = '/system/immutability-rules'

const input = z.strictObject({
  effect: z
    .enum(['immutable', 'mutable'])
    .describe('`mutable` opens what a later rule, or one of a project above, would close.'),
  repositories: glob.describe(`Whole names of repositories. ${globText}`),
  tags: glob.describe(`Tags. ${globText}`),
})

const change = z.strictObject({
  effect: input.shape.effect.optional(),
  repositories: input.shape.repositories.optional(),
  tags: input.shape.tags.optional(),
})

const rule = z.strictObject({
  id: z.uuid(),
  ...input.shape,
  createdAt: z.iso.datetime(),
  version: z.int(),
})

const id = z.uuid().describe('`id` of the rule.')
const ruleParams = z.strictObject({ project: projectName, rule: id })
const list = z.strictObject({
  items: z.array(rule).describe('In the order in which they are asked.'),
})
const order = z.strictObject({
  rules: z
    .array(id)
    .max(100)
    .describe('Each rule of the project once, the first to be asked first.'),
})
const subject = z.strictObject({
  repository: repositoryName,
  tag: z
    .string()
    .regex(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/)
    .describe('A tag, which need not exist.'),
})
const verdict = z.strictObject({
  immutable: z.boolean(),
  rule: z
    .strictObject({
      id: z.uuid(),
      project: z.string().max(200).describe('Where it stands; an empty text is the instance.'),
      ...input.shape,
    })
    .nullable()
    .describe('The rule that decides; `null` when none matches.'),
})

export const listImmutabilityRules = defineRoute({
  id: 'listImmutabilityRules',
  method: 'GET',
  path: collection,
  topic,
  summary: 'List the rules of a project, without those of projects above it',
  params: projectParams,
  query: nothing,
  body: undefined,
  status: 200,
  answer: list,
  problems: ['notFound'],
  versioned: false,
})

export const createImmutabilityRule = defineRoute({
  id: 'createImmutabilityRule',
  method: 'POST',
  path: collection,
  topic,
  summary: 'Add a rule behind the others of a project',
  params: projectParams,
  query: nothing,
  body: input,
  status: 201,
  answer: rule,
  problems: ['notFound', 'conflict'],
  versioned: true,
})

export const updateImmutabilityRule = defineRoute({
  id: 'updateImmutabilityRule',
  method: 'PATCH',
  path: `${collection}/{rule}`,
  topic,
  summary: 'Change a rule; what is left out stays',
  params: ruleParams,
  query: nothing,
  body: change,
  status: 200,
  answer: rule,
  problems: ['notFound', 'versionMismatch'],
  versioned: true,
})

export const deleteImmutabilityRule = defineRoute({
  id: 'deleteImmutabilityRule',
  method: 'DELETE',
  path: `${collection}/{rule}`,
  topic,
  summary: 'Remove a rule',
  params: ruleParams,
  query: nothing,
  body: undefined,
  status: 204,
  answer: undefined,
  problems: ['notFound', 'versionMismatch'],
  versioned: true,
})

export const orderImmutabilityRules = defineRoute({
  id: 'orderImmutabilityRules',
  method: 'PUT',
  path: `${collection}/order`,
  topic,
  summary: 'Put the rules of a project in another order',
  params: projectParams,
  query: nothing,
  body: order,
  status: 200,
  answer: list,
  problems: ['notFound'],
  versioned: false,
})

export const testImmutabilityRules = defineRoute({
  id: 'testImmutabilityRules',
  method: 'POST',
  path: `${collection}/test`,
  topic,
  summary: 'Tell which rule decides about a tag',
  description: 'The rules of all projects above the repository are asked. Nothing changes.',
  params: projectParams,
  query: nothing,
  body: subject,
  status: 200,
  answer: verdict,
  problems: ['notFound'],
  versioned: false,
})

export const listInstanceImmutabilityRules = defineRoute({
  ...listImmutabilityRules,
  id: 'listInstanceImmutabilityRules',
  path: instance,
  summary: 'List the rules of the instance, which are asked last',
  params: nothing,
  problems: [],
})

export const createInstanceImmutabilityRule = defineRoute({
  ...createImmutabilityRule,
  id: 'createInstanceImmutabilityRule',
  path: instance,
  summary: 'Add a rule of the instance behind the others',
  params: nothing,
  problems: ['conflict'],
})

export const updateInstanceImmutabilityRule = defineRoute({
  ...updateImmutabilityRule,
  id: 'updateInstanceImmutabilityRule',
  path: `${instance}/{rule}`,
  summary: 'Change a rule of the instance; what is left out stays',
  params: z.strictObject({ rule: id }),
})

export const deleteInstanceImmutabilityRule = defineRoute({
  ...deleteImmutabilityRule,
  id: 'deleteInstanceImmutabilityRule',
  path: `${instance}/{rule}`,
  summary: 'Remove a rule of the instance',
  params: z.strictObject({ rule: id }),
})

export const orderInstanceImmutabilityRules = defineRoute({
  ...orderImmutabilityRules,
  id: 'orderInstanceImmutabilityRules',
  path: `${instance}/order`,
  summary: 'Put the rules of the instance in another order',
  params: nothing,
  problems: [],
})

export const testInstanceImmutabilityRules = defineRoute({
  ...testImmutabilityRules,
  id: 'testInstanceImmutabilityRules',
  path: `${instance}/test`,
  summary: 'Tell which rule decides about a tag of any repository',
  params: nothing,
  problems: [],
})
