import {
  createInstanceWorkloadRule,
  createWorkloadRule,
  deleteInstanceWorkloadRule,
  deleteWorkloadRule,
  listInstanceWorkloadRules,
  listWorkloadIssuers,
  listWorkloadRules,
  readInstanceWorkloadRule,
  readWorkloadRule,
  updateInstanceWorkloadRule,
  updateWorkloadRule,
} from '@berth/api/workloads.ts'
import type { WorkloadRule, Workloads } from '../../access/workloads.ts'
import { type Binding, bind, type ManagementCall } from './call.ts'
import { grantContext } from './grant.ts'

const reading = { on: 'project', action: 'readRobots' } as const
const managing = { on: 'project', action: 'manageRobots' } as const
const readingInstance = { on: 'instance', action: 'readSystem' } as const
const managingInstance = { on: 'instance', action: 'manageSystem' } as const

/** Rules for workloads, which belong to a project or to the instance. They take the rights that robots take. */
export const workloadRoutes: readonly Binding[] = [
  bind(listWorkloadIssuers, reading, async ({ workloads }) => ({
    body: { items: [...workloads.listIssuers()] },
  })),
  bind(listWorkloadRules, reading, ({ workloads }, { params, query }) =>
    list(workloads, params.project, query),
  ),
  bind(createWorkloadRule, managing, ({ workloads }, call) =>
    create(workloads, call.params.project, call),
  ),
  bind(readWorkloadRule, reading, ({ workloads }, { params }) =>
    read(workloads, params.project, params.rule),
  ),
  bind(updateWorkloadRule, managing, ({ workloads }, call) =>
    update(workloads, call.params.project, call),
  ),
  bind(deleteWorkloadRule, managing, ({ workloads }, call) =>
    remove(workloads, call.params.project, call),
  ),
  bind(listInstanceWorkloadRules, readingInstance, ({ workloads }, { query }) =>
    list(workloads, '', query),
  ),
  bind(createInstanceWorkloadRule, managingInstance, ({ workloads }, call) =>
    create(workloads, '', call),
  ),
  bind(readInstanceWorkloadRule, readingInstance, ({ workloads }, { params }) =>
    read(workloads, '', params.rule),
  ),
  bind(updateInstanceWorkloadRule, managingInstance, ({ workloads }, call) =>
    update(workloads, '', call),
  ),
  bind(deleteInstanceWorkloadRule, managingInstance, ({ workloads }, call) =>
    remove(workloads, '', call),
  ),
]

type Page = ManagementCall<typeof listInstanceWorkloadRules>['query']

async function list(workloads: Workloads, project: string, query: Page) {
  const page = await workloads.listRules({ project, ...query })
  return { body: { items: page.items.map(toBody), next: page.next } }
}

async function create(
  workloads: Workloads,
  project: string,
  call: Pick<ManagementCall<typeof createInstanceWorkloadRule>, 'body' | 'caller' | 'context'>,
) {
  const rule = await workloads.createRule(grantContext(call), { project, ...call.body })
  const folder = project === '' ? '' : `/projects/${encodeURIComponent(project)}`
  return {
    body: toBody(rule),
    version: rule.version,
    location: `${folder}/workload-rules/${rule.id}`,
  }
}

async function read(workloads: Workloads, project: string, id: string) {
  const rule = await workloads.readRule({ project, id })
  return { body: toBody(rule), version: rule.version }
}

async function update(
  workloads: Workloads,
  project: string,
  call: Pick<
    ManagementCall<typeof updateInstanceWorkloadRule>,
    'params' | 'body' | 'caller' | 'context' | 'ifMatch'
  >,
) {
  const key = { project, id: call.params.rule }
  const rule = await workloads.changeRule(grantContext(call), key, call.body, call.ifMatch)
  return { body: toBody(rule), version: rule.version }
}

async function remove(
  workloads: Workloads,
  project: string,
  call: Pick<
    ManagementCall<typeof deleteInstanceWorkloadRule>,
    'params' | 'caller' | 'context' | 'ifMatch'
  >,
) {
  const key = { project, id: call.params.rule }
  await workloads.deleteRule(grantContext(call), key, call.ifMatch)
  return { body: undefined }
}

function toBody(rule: WorkloadRule) {
  const { conditions, actions, repositories, allowedAddresses, ...rest } = rule
  return {
    ...rest,
    conditions: { ...conditions },
    actions: [...actions],
    repositories: [...repositories],
    allowedAddresses: allowedAddresses && [...allowedAddresses],
  }
}
