import {
  readInstanceUsage,
  readProjectUsage,
  readReclaimable,
  readRepositoryUsage,
  setQuota,
} from '@berth/api/quotas.ts'
import { parseReference, parseRepositoryName } from '@berth/oci/reference.ts'
import { type Binding, bind } from './call.ts'

/** What projects may hold, what they hold, and what deleting something would free. */
export const quotaRoutes: readonly Binding[] = [
  bind(
    setQuota,
    { on: 'project', action: 'manageQuota' },
    async ({ quotas }, { params, body, context, ifMatch }) => {
      const { version, ...quota } = await quotas.setQuota(context, params.project, body, ifMatch)
      return { body: quota, version }
    },
  ),
  bind(
    readProjectUsage,
    { on: 'project', action: 'readProject' },
    async ({ usageReports }, { params: { project }, caller }) => {
      const stored = await caller.mayProject('updateProject', project)
      const { limits, ...usage } = await usageReports.projectUsage(project, { stored })
      return { body: { ...usage, limits: [...limits] } }
    },
  ),
  bind(readInstanceUsage, { on: 'instance', action: 'readSystem' }, async ({ usageReports }) => {
    const { limits, ...usage } = await usageReports.projectUsage('', { stored: true })
    return { body: { ...usage, limits: [...limits] } }
  }),
  bind(
    readRepositoryUsage,
    { on: 'repository', action: 'delete' },
    async ({ usageReports }, { params }) => ({
      body: await usageReports.repositoryUsage(parseRepositoryName(params.repository)),
    }),
  ),
  bind(
    readReclaimable,
    { on: 'repository', action: 'delete' },
    async ({ reclaimable }, { params }) => ({
      body: await reclaimable.reclaimable(
        parseRepositoryName(params.repository),
        parseReference(params.reference),
      ),
    }),
  ),
]
