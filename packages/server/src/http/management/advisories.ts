import {
  advisoryArchiveMediaType,
  exportAdvisories,
  importAdvisories,
  readAdvisories,
  updateAdvisories,
} from '@berth/api/advisories.ts'
import { type Binding, bind } from './call.ts'
import type { ManagementDoor } from './door.ts'

const managing = { on: 'instance', action: 'manageSystem' } as const
const updateJob = 'update-advisories'
const dayMs = 86_400_000

/** The advisories that images are compared with. */
export const advisoryRoutes: readonly Binding[] = [
  bind(readAdvisories, { on: 'caller' }, async (door) => ({
    body: await stateOf(door),
  })),
  bind(importAdvisories, managing, async (door, { exchange, context }) => {
    exchange.acceptBody()
    await door.advisories.importArchive(context, exchange.request)
    return { body: await stateOf(door) }
  }),
  bind(updateAdvisories, managing, async ({ advisoryUpdates, jobs }, { context }) => {
    advisoryUpdates.check()
    const job = await jobs.requestJob(context, { name: updateJob, payload: {} })
    return { body: job, location: `/jobs/${job.id}` }
  }),
  bind(exportAdvisories, managing, async ({ advisories }) => ({
    body: undefined,
    stream: {
      mediaType: advisoryArchiveMediaType,
      content: await advisories.exportArchive(),
      fileName: 'advisories.tar.zst',
    },
  })),
]

async function stateOf({ advisories, advisoryUpdates, jobs }: ManagementDoor) {
  const { data, revision, fault } = advisories.state
  const age = data.builtAt === null ? null : (Date.now() - Date.parse(data.builtAt)) / dayMs
  return {
    revision,
    builtAt: data.builtAt,
    ageDays: age === null ? null : Math.round(age * 10) / 10,
    sources: data.sources.map(({ name, builtAt, records, license = null }) => ({
      name,
      builtAt,
      records,
      license,
    })),
    fault,
    isUpdating: advisories.isImporting,
    update: {
      isEnabled: advisoryUpdates.isEnabled,
      lastRun: await lastUpdate(jobs),
    },
    isMatching: await advisories.isMatching(),
  }
}

/** Of any node. Why something failed names addresses, so only those see it who see the job. */
async function lastUpdate(jobs: ManagementDoor['jobs']) {
  const query = { name: updateJob, state: undefined, after: undefined, limit: 1 }
  const [job] = (await jobs.listJobs(query)).items
  if (job === undefined) return null
  const { sources = [] } = (job.result ?? {}) as Partial<
    Awaited<ReturnType<ManagementDoor['advisoryUpdates']['run']>>
  >
  return {
    state: job.state,
    hasFailed: job.error !== null,
    finishedAt: job.finishedAt,
    sources: sources.map(({ source, state }) => ({ source, state })),
  }
}
