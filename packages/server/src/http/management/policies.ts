import {
  deleteInstancePolicy,
  deletePolicy,
  listPolicies,
  readEffectivePolicy,
  readInstancePolicy,
  readPolicy,
  setInstancePolicy,
  setPolicy,
  testInstancePolicy,
  testPolicy,
} from '@berth/api/policies.ts'
import { parseRepositoryName } from '@berth/oci/reference.ts'
import { type Binding, bind } from './call.ts'
import { toEvaluation } from './decision-view.ts'
import type { Caller } from '../../access/caller.ts'
import type { Decisions } from '../../policy/decisions.ts'
import type { PolicyInput } from '../../policy/document.ts'

const reading = { on: 'project', action: 'readProject' } as const
const changing = { on: 'project', action: 'managePolicy' } as const
const readingInstance = { on: 'instance', action: 'readSystem' } as const
const changingInstance = { on: 'instance', action: 'manageSystem' } as const
const root = ''

/** What may be pulled, pushed and promoted, by project. */
export const policyRoutes: readonly Binding[] = [
  bind(readPolicy, reading, async ({ policies }, { params }) => {
    const policy = await policies.readPolicy(params.project)
    return { body: policy, version: policy.version }
  }),
  bind(setPolicy, changing, async ({ policies }, { params, body, context, ifMatch }) => {
    const policy = await policies.setPolicy(context, params.project, body, ifMatch)
    return { body: policy, version: policy.version }
  }),
  bind(deletePolicy, changing, async ({ policies }, { params, context, ifMatch }) => {
    await policies.deletePolicy(context, params.project, ifMatch)
    return { body: undefined }
  }),
  bind(testPolicy, changing, async ({ decisions }, { params, body, caller }) => ({
    body: await runTrial(decisions, params.project, body, caller),
  })),
  bind(readInstancePolicy, readingInstance, async ({ policies }) => {
    const policy = await policies.readPolicy(root)
    return { body: policy, version: policy.version }
  }),
  bind(setInstancePolicy, changingInstance, async ({ policies }, { body, context, ifMatch }) => {
    const policy = await policies.setPolicy(context, root, body, ifMatch)
    return { body: policy, version: policy.version }
  }),
  bind(deleteInstancePolicy, changingInstance, async ({ policies }, { context, ifMatch }) => {
    await policies.deletePolicy(context, root, ifMatch)
    return { body: undefined }
  }),
  bind(testInstancePolicy, changingInstance, async ({ decisions }, { body, caller }) => ({
    body: await runTrial(decisions, root, body, caller),
  })),
  bind(
    readEffectivePolicy,
    { on: 'repository', action: 'pull' },
    async ({ policies }, { params }) => ({
      body: {
        rules: [...(await policies.effectiveRules(parseRepositoryName(params.repository)))],
      },
    }),
  ),
  bind(listPolicies, readingInstance, async ({ policies }, { query }) => {
    const { items, next } = await policies.listPolicies(query)
    return { body: { items: [...items], next } }
  }),
]

async function runTrial(
  decisions: Decisions,
  project: string,
  trial: PolicyInput & {
    limit: number
    after?: string | undefined
    only: 'all' | 'changed' | 'blocked'
  },
  caller: Caller,
) {
  const { limit, after, only } = trial
  const { items, next } = await decisions.tryPolicy(project, trial, {
    limit,
    after,
    only,
    mayRead: (repository) => caller.may('pull', repository),
  })
  return {
    items: items.map(({ now, tried, tags, ...image }) => ({
      ...image,
      tags: [...tags],
      now: toEvaluation(now),
      tried: toEvaluation(tried),
    })),
    next,
  }
}
