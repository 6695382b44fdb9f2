import {
  createImmutabilityRule,
  createInstanceImmutabilityRule,
  deleteImmutabilityRule,
  deleteInstanceImmutabilityRule,
  listImmutabilityRules,
  listInstanceImmutabilityRules,
  orderImmutabilityRules,
  orderInstanceImmutabilityRules,
  testImmutabilityRules,
  testInstanceImmutabilityRules,
  updateImmutabilityRule,
  updateInstanceImmutabilityRule,
} from '@berth/api/immutability.ts'
import { parseRepositoryName, parseTagName } from '@berth/oci/reference.ts'
import { BerthError } from '../../errors.ts'
import type { ImmutabilityRules } from '../../immutability/rules.ts'
import { type Binding, bind } from './call.ts'

const reading = { on: 'project', action: 'readProject' } as const
const changing = { on: 'project', action: 'manageImmutability' } as const
const readingInstance = { on: 'instance', action: 'readSystem' } as const
const changingInstance = { on: 'instance', action: 'manageSystem' } as const
const root = ''

/** The rules about immutable tags, of projects and of the instance. */
export const immutabilityRoutes: readonly Binding[] = [
  bind(listImmutabilityRules, reading, async ({ immutability }, { params }) => ({
    body: { items: await immutability.listRules(params.project) },
  })),
  bind(
    createImmutabilityRule,
    changing,
    async ({ immutability }, { params: { project }, body, context }) => {
      const rule = await immutability.createRule(context, project, body)
      const location = `/projects/${encodeURIComponent(project)}/immutability-rules/${rule.id}`
      return { body: rule, version: rule.version, location }
    },
  ),
  bind(
    updateImmutabilityRule,
    changing,
    async ({ immutability }, { params: { project, rule: id }, body, context, ifMatch }) => {
      const rule = await immutability.updateRule(context, project, id, body, ifMatch)
      return { body: rule, version: rule.version }
    },
  ),
  bind(deleteImmutabilityRule, changing, async ({ immutability }, { params, context, ifMatch }) => {
    await immutability.deleteRule(context, params.project, params.rule, ifMatch)
    return { body: undefined }
  }),
  bind(orderImmutabilityRules, changing, async ({ immutability }, { params, body, context }) => ({
    body: { items: await immutability.orderRules(context, params.project, body.rules) },
  })),
  bind(testImmutabilityRules, reading, async ({ immutability }, { params, body, caller }) => {
    // It may lie in a project further down that the caller may not see.
    if (!(await caller.may('pull', parseRepositoryName(body.repository)))) {
      throw new BerthError('notFound', 'There is no such repository.')
    }
    return { body: await explain(immutability, body, params.project) }
  }),

  bind(listInstanceImmutabilityRules, readingInstance, async ({ immutability }) => ({
    body: { items: await immutability.listRules(root) },
  })),
  bind(
    createInstanceImmutabilityRule,
    changingInstance,
    async ({ immutability }, { body, context }) => {
      const rule = await immutability.createRule(context, root, body)
      const location = `/system/immutability-rules/${rule.id}`
      return { body: rule, version: rule.version, location }
    },
  ),
  bind(
    updateInstanceImmutabilityRule,
    changingInstance,
    async ({ immutability }, { params, body, context, ifMatch }) => {
      const rule = await immutability.updateRule(context, root, params.rule, body, ifMatch)
      return { body: rule, version: rule.version }
    },
  ),
  bind(
    deleteInstanceImmutabilityRule,
    changingInstance,
    async ({ immutability }, { params, context, ifMatch }) => {
      await immutability.deleteRule(context, root, params.rule, ifMatch)
      return { body: undefined }
    },
  ),
  bind(
    orderInstanceImmutabilityRules,
    changingInstance,
    async ({ immutability }, { body, context }) => ({
      body: { items: await immutability.orderRules(context, root, body.rules) },
    }),
  ),
  bind(testInstanceImmutabilityRules, readingInstance, async ({ immutability }, { body }) => ({
    body: await explain(immutability, body, root),
  })),
]

async function explain(
  immutability: ImmutabilityRules,
  subject: { repository: string; tag: string },
  within: string,
) {
  const rule = await immutability.explain(
    parseRepositoryName(subject.repository),
    parseTagName(subject.tag),
    within,
  )
  return { immutable: rule?.effect === 'immutable', rule: rule ?? null }
}
