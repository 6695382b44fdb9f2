import * as z from 'zod'
import { pageOf, pageQuery } from './page.ts'
import { defineRoute } from './route.ts'

export const jobState = z
  .enum(['waiting', 'running', 'succeeded', 'failed', 'cancelled'])
  .describe('`waiting` also while it rests between two attempts.')

export const jobName = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[a-z]+(?:-[a-z]+)*$/)
  .describe('What kind of work: `collect`, `sweep`, `verify`, `rebuild-search` and others.')

export const job = z
  .strictObject({
    id: z.string(),
    name: jobName,
    payload: z.unknown().describe('What was asked for; differs by name.'),
    state: jobState,
    cancelRequested: z.boolean().describe('Somebody wants it stopped; it may still be running.'),
    priority: z.int().describe('Lower comes first.'),
    attempts: z.int(),
    maxAttempts: z.int(),
    progress: z.unknown().describe('How far it has come; differs by name. `null` before.'),
    completion: z
      .strictObject({
        done: z.number().min(0),
        total: z.number().min(0),
        unit: z.enum(['bytes', 'items']),
      })
      .nullable()
      .describe('How much of the whole is done; `null` where the whole is not known.'),
    result: z.unknown().describe('What it did; differs by name. `null` until it is over.'),
    error: z.string().nullable().describe('Why the last attempt failed.'),
    requestedBy: z.string().describe('Name of who asked for it; `system` is Berth itself.'),
    createdAt: z.iso.datetime(),
    runAt: z.iso.datetime().describe('Not before then.'),
    startedAt: z.iso.datetime().nullable(),
    finishedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Job' })

const jobParams = z.strictObject({ job: z.uuid().describe('Id of the job.') })

export const listJobs = defineRoute({
  id: 'listJobs',
  method: 'GET',
  path: '/jobs',
  topic: 'Jobs',
  summary: 'List jobs, the newest first',
  description:
    'What pushes leave to do is not listed once it is done; other jobs stay for two weeks after their end.',
  params: z.strictObject({}),
  query: z.strictObject({
    ...pageQuery,
    state: jobState.optional().describe('Only those in this state.'),
    name: jobName.optional(),
    requestedBy: z
      .string()
      .min(1)
      .max(256)
      .refine((value) => !value.includes('\0'), { error: 'holds a NUL character' })
      .optional()
      .describe('Name of who asked for it; `system` is Berth itself.'),
  }),
  body: undefined,
  status: 200,
  answer: pageOf(job),
  problems: [],
  versioned: false,
})

export const readJob = defineRoute({
  id: 'readJob',
  method: 'GET',
  path: '/jobs/{job}',
  topic: 'Jobs',
  summary: 'Read a job with its progress and result',
  params: jobParams,
  query: z.strictObject({}),
  body: undefined,
  status: 200,
  answer: job,
  problems: ['notFound'],
  versioned: false,
})

const jobLogLine = z.strictObject({
  number: z.int().min(1).describe('Counts up from 1 over all attempts.'),
  at: z.iso.datetime(),
  level: z.enum(['info', 'warning', 'error']),
  text: z.string().max(500),
})

export const readJobLog = defineRoute({
  id: 'readJobLog',
  method: 'GET',
  path: '/jobs/{job}/log',
  topic: 'Jobs',
  summary: 'Read what a job said while it ran',
  description:
    'The oldest line first; the last 500 lines of a job are kept, each of at most 500 characters. What is said appears within some seconds. To follow a job that runs, ask again with the number of the last line as `after`.',
  params: jobParams,
  query: z.strictObject({
    limit: z.coerce.number().int().min(1).max(500).default(500).describe('Lines at most.'),
    after: z.coerce
      .number()
      .int()
      .min(0)
      .max(2 ** 31)
      .default(0)
      .describe('Only lines with a greater number.'),
  }),
  body: undefined,
  status: 200,
  answer: z.strictObject({
    items: z.array(jobLogLine),
    next: z.string().nullable().describe('`after` of the next page; `null` on the last one.'),
    dropped: z.int().min(0).describe('Older lines that fell out.'),
    isOver: z.boolean().describe('The job has ended; there will be no more lines.'),
  }),
  problems: ['notFound'],
  versioned: false,
})

export const cancelJob = defineRoute({
  id: 'cancelJob',
  method: 'POST',
  path: '/jobs/{job}/cancel',
  topic: 'Jobs',
  summary: 'Stop a job',
  description:
    'One that waits is stopped at once. One that runs ends within seconds, after the step under way; what it has done stays done.',
  params: jobParams,
  query: z.strictObject({}),
  body: undefined,
  status: 200,
  answer: job,
  problems: ['notFound', 'conflict'],
  versioned: false,
})

export const retryJob = defineRoute({
  id: 'retryJob',
  method: 'POST',
  path: '/jobs/{job}/retry',
  topic: 'Jobs',
  summary: 'Let a job that failed or was stopped start anew',
  params: jobParams,
  query: z.strictObject({}),
  body: undefined,
  status: 200,
  answer: job,
  problems: ['notFound', 'conflict'],
  versioned: false,
})
