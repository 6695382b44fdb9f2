import {
  listProjectUsage,
  readInstanceUsage,
  readProjectUsage,
  readReclaimable,
  readRepositoryUsage,
  setQuota,
} from '@berth/api/quotas.ts'
import { parseReference, parseRepositoryName } from '@berth/oci/reference.ts'
import type { ProjectWithFigures } from '../../quota/project-figures.ts'
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
    listProjectUsage,
    { on: 'instance', action: 'readSystem' },
    async ({ projectFigures }, { query: { sort, parent, after, limit } }) => {
      const { items, next } = await projectFigures.listByUsage({ sort, parent, after, limit })
      return { body: { items: items.map(toUsage), next } }
    },
  ),
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

function toUsage(project: ProjectWithFigures) {
  const { name, bytes, repositories, quotaBytes, quotaRepositories, figures } = project
  // Of a quota of nothing everything is used.
  const share = quotaBytes === null ? null : quotaBytes === 0 ? 1 : bytes / quotaBytes
  return {
    project: name,
    bytes,
    repositories,
    quota: { bytes: quotaBytes, repositories: quotaRepositories },
    share,
    stored: figures
      ? {
          uniqueBytes: figures.unique_bytes,
          sharedBytes: figures.shared_bytes,
          measuredAt: figures.measured_at,
        }
      : null,
  }
}
