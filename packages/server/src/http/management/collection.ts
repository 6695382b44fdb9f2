import { readCollection, startCollection } from '@berth/api/collection.ts'
import { type Binding, bind } from './call.ts'

/** Collection: what waits for it, and a run on demand. */
export const collectionRoutes: readonly Binding[] = [
  bind(readCollection, { on: 'instance', action: 'readSystem' }, async ({ collection }) => ({
    body: await collection.readCollection(),
  })),
  bind(
    startCollection,
    { on: 'instance', action: 'manageSystem' },
    async ({ jobs }, { body, context }) => {
      const job = await jobs.requestJob(context, { name: 'collect', payload: body })
      return { body: job, location: `/jobs/${job.id}` }
    },
  ),
]
