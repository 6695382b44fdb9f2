import * as z from 'zod'
import { job } from './jobs.ts'
import { defineRoute } from './route.ts'

export const startVerification = defineRoute({
  id: 'startVerification',
  method: 'POST',
  path: '/verification/runs',
  topic: 'Verification',
  summary: 'Re-read everything that is stored and compare it with its digest',
  description:
    'At `verification.bytesPerSecond` at most, so it may take days; it goes on after a restart. The answer is a job. When one is waiting or under way already, the answer is that one.',
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: z.strictObject({}),
  status: 202,
  answer: job,
  problems: ['conflict'],
  versioned: false,
})
