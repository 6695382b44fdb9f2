import { cancelJob, listJobs, readJob, readJobLog, retryJob } from '@berth/api/jobs.ts'
import { type Binding, bind } from './call.ts'

const reading = { on: 'instance', action: 'readSystem' } as const
const managing = { on: 'instance', action: 'manageSystem' } as const

/** Work in the background: look at it, stop it, let it start anew. */
export const jobRoutes: readonly Binding[] = [
  bind(listJobs, reading, async ({ jobs }, { query }) => {
    const { state, name, requestedBy, after, limit } = query
    return { body: await jobs.listJobs({ state, name, requestedBy, after, limit }) }
  }),
  bind(readJob, reading, async ({ jobs }, { params }) => ({
    body: await jobs.getJob(params.job),
  })),
  bind(readJobLog, reading, async ({ jobs }, { params, query }) => ({
    body: await jobs.readLog(params.job, query),
  })),
  bind(cancelJob, managing, async ({ jobs }, { params, context }) => ({
    body: await jobs.cancelJob(context, params.job),
  })),
  bind(retryJob, managing, async ({ jobs }, { params, context }) => ({
    body: await jobs.retryJob(context, params.job),
  })),
]
