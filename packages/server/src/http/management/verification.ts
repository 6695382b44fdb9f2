import { startVerification } from '@berth/api/verification.ts'
import { type Binding, bind } from './call.ts'

/** Verification on demand. */
export const verificationRoutes: readonly Binding[] = [
  bind(
    startVerification,
    { on: 'instance', action: 'manageSystem' },
    async ({ jobs }, { context }) => {
      const job = await jobs.requestJob(context, { name: 'verify', payload: {} })
      return { body: job, location: `/jobs/${job.id}` }
    },
  ),
]
